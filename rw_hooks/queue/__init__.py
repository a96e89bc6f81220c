"""The queue on disk between a trainer and the worker: the waiting saves, and their status. Standard library only."""
