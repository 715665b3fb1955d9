"""Wildcards of lists as globs, where a glob matches exactly the same names."""

import re

from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.statement.names import COUNT, pattern

_PIECE = re.compile(r"(?P<any>\.\*\??)|\\(?P<escaped>[^\w\s])|(?P<plain>[\w%&'!#~`@:;<>=, -])", re.ASCII)
"""A piece of a regular expression that a glob can have. A `-` and the like are plain outside of brackets."""


def glob_of_regex(source: str) -> str | None:
    """Return the glob that matches the same names as a regular expression of JavaScript without flags, else None. The
    expression is searched for in the name, as `RegExp.exec` does."""
    is_begun, is_ended = source.startswith("^"), re.search(r"(?<!\\)(?:\\\\)*\$\Z", source) is not None
    inner = source[is_begun : len(source) - is_ended]
    at, glob = 0, "" if is_begun else "*"
    while at < len(inner):
        piece = _PIECE.match(inner, at)
        if piece is None or piece["escaped"] == "*":  # a `*` of the name itself has no glob
            return None
        glob += "*" if piece["any"] else piece["escaped"] or piece["plain"]
        at = piece.end()
    return re.sub(r"\*+", "*", glob if is_ended else glob + "*") or None


def name_of_list(written: str) -> tuple[str, str]:
    """Return the name or glob of a written name, and a reason if it may have a placeholder that is not a glob. A `*`
    stands for any characters, as in globs."""
    name = re.sub(r"\*+", "*", COUNT.sub("", written).strip())
    glob = re.sub(r"\*[+?]", "*", pattern(name))
    if glob == name:
        return name, ""
    told = f'may have a placeholder, and is kept as written; if it has one, write "{printable(glob)}"'
    return name, f'"{printable(name)}" {told}'
