"""What a job is: record, legal moves, Redis store and queue engines; computes nothing, speaks no HTTP."""
