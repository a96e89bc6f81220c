"""Replicate's flux-fine-tuner, a hosted ai-toolkit; nothing of it is imported."""
