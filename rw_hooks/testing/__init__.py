"""Suites of tests for those who add an engine, a host or an integration. They need pytest: ``rw-hooks[test]``."""
