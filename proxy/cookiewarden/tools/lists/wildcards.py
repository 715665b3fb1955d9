"""Wildcards of lists as globs, where a glob matches exactly the same names."""

import re

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.statement.names import COUNT, pattern

_PIECE = re.compile(r"(?P<any>\.\*\??)|\\(?P<escaped>[^\w\s])|(?P<plain>[\w%&'!#~`@:;<>=, -])", re.ASCII)
"""A piece of a regular expression that a glob can have. A `-` and the like are plain outside of brackets."""


_NUMBERS = re.compile(r"(?<![A-Za-z])n{3,}(?:[-_]n+)*(?![A-Za-z])")
"""Letters that stand for the digits of a number, as in `_gat_UA-nnnnnnn-nn`."""


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


_GROUP = re.compile(r"\((?:\?:)?(?!\?)([^()]*)\)(\?)?(?![*+{?])")
MAX_GLOBS = 12
"""Maximum globs of a regular expression."""


def globs_of_regex(source: str) -> list[str]:
    """Return the globs that together match the same names as a regular expression, or no globs. Each alternative of a
    group has a glob: `^_g(id|at)$` is `_gid` and `_gat`."""
    sources = [source]
    while "[" not in source and "\\(" not in source and len(sources) <= MAX_GLOBS:
        groups = [(one, _GROUP.search(one)) for one in sources]
        if not any(group for _, group in groups):
            break
        sources = [text for one, group in groups for text in (_expanded(one, group) if group else [one])]
    globs = [glob_of_regex(one) for one in sources]
    if len(globs) > MAX_GLOBS or None in globs:
        return []
    names = list(dict.fromkeys(glob for glob in globs if glob is not None))
    return [one for one in names if not any(one != other and name_matches(other, one) for other in names)]


def _expanded(source: str, group: re.Match[str]) -> list[str]:
    """Return a regular expression with each alternative of a group in place of the group."""
    alternatives = [*group[1].split("|"), *([""] if group[2] else [])]
    return [source[: group.start()] + text + source[group.end() :] for text in alternatives]


def name_of_list(written: str) -> tuple[str, str]:
    """Return the name or glob of a written name, and a reason if it may have a placeholder that is not a glob. A `*`
    stands for any characters, as in globs."""
    name = re.sub(r"\*+", "*", COUNT.sub("", written).strip())
    glob = re.sub(r"\*[+?]", "*", _NUMBERS.sub("*", pattern(name)))
    if glob == name:
        return name, ""
    told = f'may have a placeholder, and is kept as written; if it has one, write "{printable(glob)}"'
    return name, f'"{printable(name)}" {told}'
