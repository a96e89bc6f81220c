"""Reading one training run: every fact with its source."""
