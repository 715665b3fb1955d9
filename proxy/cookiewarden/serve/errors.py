"""Errors that end a start."""

from cookiewarden.errors import CannotRun


class CannotStart(CannotRun):
    """The proxy could not start."""
