"""fal's hosted trainers; nothing of fal is imported."""
