"""A catalog of cookies that somebody else keeps, such as the Open Cookie Database: what it says is a suggestion, for a
person to judge."""

import csv
from dataclasses import dataclass
from pathlib import Path

from cookiewarden.core.policy.problem import printable

NAME, CATEGORY, PLATFORM = "Cookie / Data Key name", "Category", "Platform"
DESCRIPTION, RETENTION, WILDCARD = "Description", "Retention period", "Wildcard match"
MAX_TEXT = 200


class NoCatalog(Exception):
    """Why a file is none; exit code 3."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the catalog says of a name."""

    platform: str
    category: str
    description: str
    retention: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Exact names, and beginnings of names, the longest first."""

    exact: dict[str, Suggestion]
    beginnings: list[tuple[str, Suggestion]]
    broken: int
    """Rows that say nothing usable."""

    def find(self, name: str) -> Suggestion | None:
        """For a name, or for a glob whose fixed beginning it knows."""
        bare = name.removesuffix("*")
        if bare in self.exact:
            return self.exact[bare]
        return next((found for beginning, found in self.beginnings if bare.startswith(beginning)), None)


def read_catalog(path: Path) -> Catalog:
    """Raises NoCatalog."""
    exact: dict[str, Suggestion] = {}
    beginnings: list[tuple[str, Suggestion]] = []
    broken = 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            if NAME not in (rows.fieldnames or ()):
                raise NoCatalog(
                    f'"{path}" is no catalog: it has no column "{NAME}" (the Open Cookie Database\'s CSV has)'
                )
            for row in rows:
                name = (row.get(NAME) or "").strip()
                if not name or None in row or any(ord(c) < 32 for c in name):
                    broken += 1
                    continue
                suggestion = Suggestion(
                    *(_clean(row.get(column)) for column in (PLATFORM, CATEGORY, DESCRIPTION, RETENTION))
                )
                if (row.get(WILDCARD) or "").strip() == "1":
                    beginnings.append((name, suggestion))
                else:
                    exact.setdefault(name, suggestion)
    except OSError as error:
        raise NoCatalog(f'"{path}" cannot be read: {(error.strerror or "error").lower()}') from None
    except csv.Error as error:
        raise NoCatalog(f'"{path}" is no CSV: {error}') from None
    return Catalog(exact, sorted(beginnings, key=lambda b: -len(b[0])), broken)


def _clean(text: str | None) -> str:
    return printable(" ".join((text or "").split()))[:MAX_TEXT]
