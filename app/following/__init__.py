"""Waiting for jobs: one subscription of a process, those who follow, and the event streams they read."""
