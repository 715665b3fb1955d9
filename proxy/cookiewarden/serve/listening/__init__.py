"""Acceptance of connections, their limits and their end, for every driver."""
