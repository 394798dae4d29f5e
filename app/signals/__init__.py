"""What the service tells of itself: health, figures, traces, and a log line for each request."""
