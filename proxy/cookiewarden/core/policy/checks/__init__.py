"""What is wrong or doubtful about a policy whose files are well-formed?

Each module holds a family of checks: pure functions from what they need to problems.
"""
