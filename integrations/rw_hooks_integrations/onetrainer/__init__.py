"""Nerogar/OneTrainer (AGPL-3.0): read and run beside, never imported."""
