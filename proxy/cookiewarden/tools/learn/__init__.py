"""Drafts of registers from what was seen."""
