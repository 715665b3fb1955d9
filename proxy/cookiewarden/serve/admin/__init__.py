"""What an operator can see and ask."""
