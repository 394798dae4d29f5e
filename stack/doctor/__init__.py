"""The doctor: looks at a running service and its Redis, and says what is wrong and what to do; it changes nothing."""
