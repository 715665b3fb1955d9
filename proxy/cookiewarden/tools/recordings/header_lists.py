"""Cookie headers whose name and values are on separate lines, as Node and PHP print lists.

The quotes of Node are exact only without escapes, so other lines are left to be counted."""

import re

_ONE = re.compile(rb"\s*(['\"])(set-cookie|cookie)\1,\s*", re.IGNORECASE)
"""A header in a list of names and values."""
_MANY = re.compile(rb"\s*(['\"]?)(set-cookie|cookie)\1: \[\s*|\s*()\[(set-cookie|cookie)\] => Array\s*", re.IGNORECASE)
_ELEMENT = re.compile(rb"\s*(?:([\"'`])([^\\]*)\1,?|\[[0-9]+\] => (.*\S))\s*")
_BEGINS = re.compile(rb"\s*\(\s*")


class HeaderList:
    """The lines of a list below the name of a header."""

    def __init__(self) -> None:
        self._name = ""
        self._is_many = False

    def take(self, line: bytes) -> tuple[str, bytes] | None:
        """Return the header of a line, if the lines before name it."""
        if opened := _MANY.fullmatch(line) or _ONE.fullmatch(line):
            self._is_many = opened.re is _MANY
            self._name = (opened[2] or opened[4]).decode("latin-1")
            return None
        if not self._name or (self._is_many and _BEGINS.fullmatch(line)):
            return None
        name = self._name
        element = _ELEMENT.fullmatch(line)
        if element is None or not self._is_many:
            self._name = ""
        return (name, element[2] or element[3] or b"") if element else None
