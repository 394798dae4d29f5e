"""Where the table of an analysis comes from; importing this package loads nothing heavy."""
