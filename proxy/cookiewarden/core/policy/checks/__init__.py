"""Checks of policies whose files are well-formed.

Each module has one family of checks. A check is a pure function that yields problems.
"""
