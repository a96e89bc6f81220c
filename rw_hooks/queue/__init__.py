"""On disk between a trainer and the worker: the saves that wait, and how they stand. Standard library only."""
