"""Errors that prevent the proxy from starting."""

from cookiewarden.errors import CannotRun


class CannotStart(CannotRun):
    """The reason why the proxy could not start."""
