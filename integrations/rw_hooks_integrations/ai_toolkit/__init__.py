"""ostris/ai-toolkit (MIT); nothing of it is imported by its reader."""
