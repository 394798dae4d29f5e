"""Everything on one machine: the embedded Redis, the process manager and `coatcheck up`; no HTTP, no jobs."""
