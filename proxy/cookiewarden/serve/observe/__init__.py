"""What is counted and remembered of traffic, without values."""
