"""Problems with a user's input, and their printed form. They are values with a place, not exceptions.

A problem names the fault, its place and the fix. The problems of all files are collected, sorted and printed
together.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(Enum):
    """Problem codes with their severities. Codes are stable, because CI filters and documentation refer to them."""

    # the file
    UNREADABLE = ("unreadable", Severity.ERROR)
    NOT_UTF8 = ("not-utf8", Severity.ERROR)
    TOO_LARGE = ("too-large", Severity.ERROR)
    SYNTAX = ("syntax", Severity.ERROR)
    YAML_FEATURE = ("yaml-feature", Severity.ERROR)
    DUPLICATE_KEY = ("duplicate-key", Severity.ERROR)
    # the document
    UNKNOWN_KEY = ("unknown-key", Severity.ERROR)
    MISSING_KEY = ("missing-key", Severity.ERROR)
    WRONG_TYPE = ("wrong-type", Severity.ERROR)
    WRONG_VALUE = ("wrong-value", Severity.ERROR)
    BAD_LIFETIME = ("bad-lifetime", Severity.ERROR)
    BAD_NAME = ("bad-name", Severity.ERROR)
    # includes
    INCLUDE_MISSING = ("include-missing", Severity.ERROR)
    INCLUDE_OUTSIDE = ("include-outside", Severity.ERROR)
    INCLUDE_CIRCLE = ("include-circle", Severity.ERROR)
    INCLUDE_NESTED = ("include-nested", Severity.ERROR)
    EXCEPT_UNMATCHED = ("except-unmatched", Severity.ERROR)
    # the register
    DUPLICATE_ENTRY = ("duplicate-entry", Severity.ERROR)
    AMBIGUOUS_GLOB = ("ambiguous-glob", Severity.ERROR)
    UNKNOWN_CATEGORY = ("unknown-category", Severity.ERROR)
    MISSING_CATEGORY = ("missing-category", Severity.ERROR)
    NO_CONSENT_COOKIE = ("no-consent-cookie", Severity.ERROR)
    CONSENT_UNDECLARED = ("consent-undeclared", Severity.ERROR)
    HTTP_ONLY_SCRIPT = ("http-only-script", Severity.ERROR)
    SEAL_SCRIPT = ("seal-script", Severity.ERROR)
    RENAME_IMPOSSIBLE = ("rename-impossible", Severity.ERROR)
    KEY_IN_POLICY = ("key-in-policy", Severity.ERROR)
    PREFIX_CONFLICT = ("prefix-conflict", Severity.ERROR)
    DEVICE_BOUND = ("device-bound", Severity.ERROR)
    NOT_STATIC = ("not-static", Severity.ERROR)
    NO_LIFETIME = ("no-lifetime", Severity.WARNING)
    NO_PURPOSE = ("no-purpose", Severity.WARNING)
    NO_COOKIES = ("no-cookies", Severity.WARNING)
    LIFETIME_OVER_400D = ("lifetime-over-400d", Severity.WARNING)
    WEAKENS = ("weakens", Severity.WARNING)
    GLOB_TOO_BROAD = ("glob-too-broad", Severity.WARNING)
    HTTP_ONLY_READ = ("http-only-read", Severity.WARNING)
    NO_OWNER = ("no-owner", Severity.WARNING)
    ENTRY_EXPIRED = ("entry-expired", Severity.WARNING)
    EXPIRES_SOON = ("expires-soon", Severity.WARNING)
    NO_EFFECT = ("no-effect", Severity.WARNING)
    NO_TRANSLATION = ("no-translation", Severity.WARNING)
    NO_BASIS = ("no-basis", Severity.INFO)

    def __init__(self, text: str, severity: Severity) -> None:
        self.text = text
        self.severity = severity


CODES = {code.text: code for code in Code}


class Pos(NamedTuple):
    """A position in a text. Lines and columns start at 1; columns count characters."""

    line: int = 1
    column: int = 1


class Place(NamedTuple):
    """A position in a named file."""

    path: str
    pos: Pos

    def __str__(self) -> str:
        return f"{printable(self.path)}:{self.pos.line}:{self.pos.column}"


def shown_url(url: str) -> str:
    """Return a URL for messages, without user name, password and query (which can be very long)."""
    return re.sub(r"(?<=//)[^/?#]*@", "", url).partition("?")[0] if "://" in url else url


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 entry`, `2 entries`, `2 days`, `2 matches`."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        plural = noun.removesuffix("y") + "ies"
    else:
        plural = noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return f"{number} {noun if number == 1 else plural}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a policy: code, place, message, and the source line for the caret (may be empty)."""

    code: Code
    place: Place
    message: str
    excerpt: str = ""

    def as_json(self) -> dict[str, str | int]:
        return {
            "path": self.place.path,
            "line": self.place.pos.line,
            "column": self.place.pos.column,
            "severity": self.code.severity.value,
            "code": self.code.text,
            "message": self.message,
        }


def printable(text: str) -> str:
    """Escape characters that a terminal would act on, such as control characters and bidirectional marks."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable_octets(raw: bytes) -> str:
    """Decode octets from the wire as UTF-8 and escape them as `printable` does; invalid octets appear as `\\xNN`."""
    return printable(raw.decode("utf-8", "backslashreplace"))


def render_line(problem: Problem) -> str:
    """Return one line, such as `shop.yaml:12:5: error: unknown key "samesit", did you mean … [unknown-key]`."""
    severity = problem.code.severity.value
    return f"{problem.place}: {severity}: {printable(problem.message)} [{problem.code.text}]"


EXCERPT_WIDTH = 120
_KEY = re.compile(r"(cookiewarden-key-[0-9]+:)[\w-]+")
"""Matches a sealing key, so that a key written into a policy by mistake is not copied into logs."""


def render_caret(problem: Problem) -> str:
    """Return the line of `render_line`, the source line below it, and a caret below the column."""
    if not problem.excerpt.strip():
        return render_line(problem)
    column = problem.place.pos.column - 1
    start = max(0, column - EXCERPT_WIDTH // 2) if len(problem.excerpt) > EXCERPT_WIDTH else 0
    shown = _KEY.sub(r"\1…", printable(problem.excerpt[start : start + EXCERPT_WIDTH]))
    # An escaped character takes several columns, so measure the printed text before the caret.
    indent = len(printable(problem.excerpt[start:column]))
    return f"{render_line(problem)}\n    {shown}\n    {' ' * indent}^"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by file, place and code, and drop duplicates."""
    unique = {(p.place, p.code.text, p.message): p for p in problems}
    return [unique[key] for key in sorted(unique)]


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(p.code.severity is Severity.ERROR for p in problems)
