"""What ends a start: exceptions that commands tell of, apart from what raises them, so that a command need not import the proxy."""


class CannotStart(Exception):
    """The proxy could not come up: one line for the person who started it."""
