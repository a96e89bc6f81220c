"""Reading one file: header rules, the one pass over its bytes, its claims, what it is, findings."""
