"""What the process uses of ai-toolkit, as in 0.12."""
