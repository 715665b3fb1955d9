"""Comparison of the effects of two policies."""
