"""From the body of a request to a job that the store can accept."""
