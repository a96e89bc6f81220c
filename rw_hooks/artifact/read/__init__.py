"""Reading a file: the rules of its header, and one pass over its bytes."""
