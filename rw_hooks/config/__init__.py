"""All settings: the table of options, where their values come from, and the state folder."""
