"""How a typed function becomes an analysis: its declaration, its schema, its place in the catalog; no analysis."""
