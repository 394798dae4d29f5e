"""Fuzzing of the whole API by schemathesis."""
