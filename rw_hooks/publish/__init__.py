"""The journey of a publication: inbox, journal, stages, engine, receipt."""
