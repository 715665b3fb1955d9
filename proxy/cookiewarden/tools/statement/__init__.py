"""Parsing and comparison of published statements."""
