"""What is wrapped of diffusers, as in 0.42."""
