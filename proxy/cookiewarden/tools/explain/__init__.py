"""What the policy would do with a header, and why."""
