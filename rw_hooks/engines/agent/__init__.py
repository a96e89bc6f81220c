"""What every engine needs on the machine that has the bytes: the inbox, copies, and telling hooks that wait."""
