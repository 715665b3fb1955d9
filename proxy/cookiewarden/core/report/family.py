"""Families of names that differ only in a random part, such as `intercom-id-abc123` and `intercom-id-def456`.

The search is conservative. A family has at least two names with a common beginning up to a separator, and the rest of
each name looks random. Reports list the names, so that a person can confirm the family."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

MIN_PREFIX = 3
"""Minimum length of a common beginning, in characters without its separator."""
MIN_RANDOM = 4
_SEPARATORS = re.compile(r"[-_.]")
_HEX = re.compile(r"[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Family:
    """A glob and the names that it would replace."""

    glob: str
    members: tuple[str, ...]

    @property
    def why(self) -> str:
        shown = ", ".join(self.members[:3]) + (", …" if len(self.members) > 3 else "")
        return f"{len(self.members)} names differ only in a part that looks random: {shown}"


def families(names: Iterable[str]) -> list[Family]:
    """Return the families among names, in order of their globs. Each name is in one family at most."""
    left = sorted(set(names))
    found = []
    for prefix in _prefixes(left):
        members = [name for name in left if name.startswith(prefix) and _looks_random(name[len(prefix) :])]
        if len(members) >= 2:
            found.append(Family(prefix + "*", tuple(members)))
            left = [name for name in left if name not in members]
    return sorted(found, key=lambda family: family.glob)


def _prefixes(names: Sequence[str]) -> list[str]:
    counts = Counter(
        name[: match.end()]
        for name in names
        for match in _SEPARATORS.finditer(name)
        if match.start() >= MIN_PREFIX and match.end() < len(name) and name[0] != "*"
    )
    return sorted((prefix for prefix, count in counts.items() if count >= 2), key=lambda p: (-len(p), p))


def _looks_random(text: str) -> bool:
    """Check whether a part of a name looks random: digits among letters, hexadecimal digits, or irregular letters."""
    if len(text) < MIN_RANDOM or "*" in text:
        return False
    pieces = [piece for piece in _SEPARATORS.split(text) if piece]
    if not pieces:
        return False
    return any(_piece_looks_random(piece) for piece in pieces)


def _piece_looks_random(piece: str) -> bool:
    digits = sum(c.isdigit() for c in piece)
    if len(piece) < MIN_RANDOM:
        return False
    if digits >= 2 and (digits < len(piece) or len(piece) >= 5):
        return True  # abc123 and 10293847, but not a year or a version of four digits
    if _HEX.fullmatch(piece) and (len(piece) >= 8 or 0 < digits < len(piece)):
        return True
    mixed = sum(a.isupper() != b.isupper() for a, b in pairwise(piece) if a.isalpha() and b.isalpha())
    return (
        len(piece) >= 12 and mixed >= 0.45 * len(piece) and _entropy(piece) > 3.2
    )  # xKjQwZpLmNbV; camelCase changes case less often


def _entropy(text: str) -> float:
    """Return the Shannon entropy of a text, in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
