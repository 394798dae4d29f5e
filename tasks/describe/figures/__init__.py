"""The figures of `describe`: what is missing, how columns are distributed, how they go together."""
