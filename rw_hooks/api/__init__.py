"""What the commands and Python call."""
