"""What every engine needs on the machine that has the files: the inbox, the copies, and status files for hooks."""
