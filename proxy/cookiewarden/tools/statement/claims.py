"""Contents of a published page: cookies, their groups, and the parts that were not read."""

from dataclasses import dataclass, field

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.statement.lines import plain


@dataclass(slots=True)
class Claim:
    """Cookie on a page."""

    name: str
    """Name for a policy, with `*` for placeholders."""
    written: str
    """Name on the page."""
    purpose: str
    lifetime: Lifetime | None
    line: int
    group: int


@dataclass(slots=True)
class Group:
    """Heading and introduction of cookies that are listed together."""

    heading: str
    intro: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Row, or lifetime of a row, that was not read."""

    line: int
    why: str
    is_understood: bool = False
    """True for rows that are not cookies or repeat a cookie."""
    is_row: bool = True
    """False if only the lifetime was not read."""


@dataclass(slots=True)
class Published:
    """Contents of a page."""

    claims: list[Claim] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    edited: str = ""
    """Date of the last edit as in 2026-12-31, or ""."""
    text: str = ""
    """Text of the page."""
    rows: int = 0
    """Number of rows, items and labelled values that could be cookies."""
    sections: list[str] = field(default_factory=list)
    """Texts of rows that name a category."""
    left_out: list[LeftOut] = field(default_factory=list)
    columns: list[LeftOut] = field(default_factory=list)
    """Columns of tables that were not read."""

    @property
    def rows_read(self) -> int:
        """Number of rows that name cookies of `claims`."""
        return self.rows - sum(left.is_row for left in self.left_out)

    @property
    def not_understood(self) -> list[LeftOut]:
        """Rows and lifetimes that a person must read."""
        return [left for left in self.left_out if not left.is_understood]


def quoted(text: str) -> str:
    """Quote the beginning of a text."""
    said = printable(plain(text))
    return f'"{said[:40]}…"' if len(said) > 41 else f'"{said}"'
