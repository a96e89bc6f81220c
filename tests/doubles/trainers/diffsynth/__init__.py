"""What the subclass uses of DiffSynth-Studio, as in 2.1.2."""
