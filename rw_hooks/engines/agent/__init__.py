"""What every engine needs on the machine that has the bytes: the inbox, snapshots, runs, and telling hooks that wait."""
