"""What a policy file says, and what is wrong with it."""
