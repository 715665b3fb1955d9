"""What is wrong or doubtful about a policy whose files are well-formed? One module for each family of checks."""
