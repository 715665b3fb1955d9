"""Decisions on the cookies of an exchange, independent of the transport."""
