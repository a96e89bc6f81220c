"""The functions behind the commands and the Python interface."""
