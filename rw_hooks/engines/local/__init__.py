"""The local engine: SQLite, locks and threads on this machine."""
