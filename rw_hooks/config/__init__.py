"""Everything that is set from outside: the table of options, where they come from, and the state folder."""
