"""Integrations for training frameworks; each imports its trainer only when it is used."""
