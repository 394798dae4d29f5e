"""Who asks, from where, and whether they may; and what browsers are told to heed."""
