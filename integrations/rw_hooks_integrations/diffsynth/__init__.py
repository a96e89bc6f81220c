"""modelscope/DiffSynth-Studio (Apache-2.0); nothing of it is imported by its reader."""
