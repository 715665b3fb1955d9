"""The exception with which every command may end. The module imports nothing, so commands stay quick to load."""


class CannotRun(Exception):
    """The reason why a command could not do its work: one line for the user. The exit code is 3."""
