"""What the policy says of a cookie."""
