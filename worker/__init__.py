"""Runs jobs: one run (claim, compute, settle), supervision from outside it, and the entry point for Celery."""
