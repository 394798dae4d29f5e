"""Internal jobs: what the service does for its jobs beside them; one module each, named in the catalog."""
