"""Catalogs of known cookies, such as the Open Cookie Database. Their texts are suggestions for review."""

import csv
from dataclasses import dataclass
from pathlib import Path

from cookiewarden.core.policy.problem import printable

NAME, CATEGORY, PLATFORM = "Cookie / Data Key name", "Category", "Platform"
DESCRIPTION, RETENTION, WILDCARD = "Description", "Retention period", "Wildcard match"
MAX_TEXT = 200


class NoCatalog(Exception):
    """Reason why a file is not a catalog; exit code 3."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Row of the catalog."""

    platform: str
    category: str
    description: str
    retention: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Rows by exact name, and by prefix with the longest first."""

    exact: dict[str, Suggestion]
    beginnings: list[tuple[str, Suggestion]]
    broken: int
    """Number of rows without a valid name."""

    def find(self, name: str) -> Suggestion | None:
        """Find the row of a name, or of a glob by its fixed prefix."""
        bare = name.removesuffix("*")
        if bare in self.exact:
            return self.exact[bare]
        return next((found for beginning, found in self.beginnings if bare.startswith(beginning)), None)


def read_catalog(path: Path) -> Catalog:
    """Read a CSV file. Raises NoCatalog."""
    exact: dict[str, Suggestion] = {}
    beginnings: list[tuple[str, Suggestion]] = []
    broken = 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            if NAME not in (rows.fieldnames or ()):
                raise NoCatalog(
                    f'"{path}" is not a catalog: the column "{NAME}" of the Open Cookie Database is missing'
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
        raise NoCatalog(f'cannot read "{path}": {(error.strerror or "error").lower()}') from None
    except csv.Error as error:
        raise NoCatalog(f'"{path}" is not valid CSV: {error}') from None
    return Catalog(exact, sorted(beginnings, key=lambda b: -len(b[0])), broken)


def _clean(text: str | None) -> str:
    return printable(" ".join((text or "").split()))[:MAX_TEXT]
