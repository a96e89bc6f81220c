"""What a file is: its category, family, architecture, key format and algorithm."""
