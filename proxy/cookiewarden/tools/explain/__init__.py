"""Explanation of decisions."""
