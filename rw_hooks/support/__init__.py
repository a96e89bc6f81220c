"""What knows nothing of publishing: files, locks, deadlines, text."""
