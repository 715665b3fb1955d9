"""The one exception that every command may end with, in a module that imports nothing: a command need not load what
raises it."""


class CannotRun(Exception):
    """Why a command could not do its work: one line for the person who started it; exit code 3."""
