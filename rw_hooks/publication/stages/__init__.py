"""The stages of a publication, in the order of the table in the README."""
