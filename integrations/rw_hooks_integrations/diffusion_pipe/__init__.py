"""tdrussell/diffusion-pipe (GPL-3.0): read and run beside, never imported."""
