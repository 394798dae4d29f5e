"""The beginnings of an analysis of one's own: `coatcheck new`; it writes files, and starts nothing."""
