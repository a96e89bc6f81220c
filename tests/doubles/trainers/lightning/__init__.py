"""What the callback uses of Lightning, as in 2.6."""
