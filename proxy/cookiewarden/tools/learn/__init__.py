"""Drafts of registers from traffic."""
