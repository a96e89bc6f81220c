"""General helpers that do not depend on publishing: files, locks, deadlines, text."""
