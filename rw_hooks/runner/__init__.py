"""Running a trainer unchanged, and watching a folder: hooks for trainers that have none."""
