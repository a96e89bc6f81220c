"""Places that give a file a URL which the platform can fetch, and the check that it can."""
