"""Backups: what a service keeps in Redis and in its blob store, saved into a folder and brought back from it."""
