"""Logs whose columns are named by a line of the file: CSV and W3C extended logs."""

import csv
import re
from dataclasses import dataclass

_COOKIE_COLUMN = re.compile(
    r"(?:[\w.:-]*[_.:-])?(?:set[-_ ]?cookie|cookies?)|(?:cs|sc)\((?:set-)?cookie\)", re.IGNORECASE
)
_LINE_COLUMN = re.compile(r'"?_raw"?|"(?:message|log)"', re.IGNORECASE)
"""Columns with lines of another log, as Splunk exports them."""
_W3C = re.compile(rb'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')


@dataclass(slots=True)
class Columns:
    """The columns of a CSV file."""

    names: list[str]
    delimiter: str

    def row(self, line: bytes) -> list[tuple[str, str]] | None:
        """Return the values of a line by their columns; None if it has others."""
        try:
            rows = list(csv.reader([line.decode("utf-8", "backslashreplace")], delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        if not rows or len(rows[0]) != len(self.names):
            return None
        return list(zip(self.names, rows[0], strict=True))


def columns_of(line: bytes) -> Columns | None:
    """Read the first line of a CSV file. Returns None for other text."""
    text = line.decode("utf-8", "replace")
    for delimiter in ",;\t":
        columns = [name.strip() for name in text.split(delimiter)]
        names = [name.strip('"') for name in columns]
        if (
            len(names) > 1
            and (any(map(_COOKIE_COLUMN.fullmatch, names)) or any(map(_LINE_COLUMN.fullmatch, columns)))
            and all(re.fullmatch(r"[\w.@:() -]+", n) for n in names)
        ):
            return Columns(names, delimiter)
    return None


def w3c_values(line: bytes) -> list[bytes]:
    """Split a line of a W3C extended log: at tabs, or at blanks that are not within quotes, as Tomcat writes them."""
    if b"\t" in line:
        return line.strip(b"\r\n").split(b"\t")
    return [found[1].replace(b'""', b'"') if found[1] is not None else found[2] for found in _W3C.finditer(line)]
