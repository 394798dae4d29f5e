"""HTTP in, HTTP out: the Flask application; it computes nothing and imports nothing heavy."""
