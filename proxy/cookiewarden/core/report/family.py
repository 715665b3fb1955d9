"""Families: names that stand for many, because some part of them changes with the visitor, the visit or the page.

A part changes if it is a hash, a UUID, a date, or a mixture of letters and digits. A number changes if several values
of it were seen. Words never change: `wordpress_sec_<hash>` and `wordpress_logged_in_<hash>` are two families."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

MIN_LITERAL = 3
"""Characters of a glob without its stars."""
MIN_RANDOM = 4
MIN_NUMBER = 5
"""Digits of a number that changes even if it was seen once: a year or a version has fewer."""
MIN_COUNTED = 3
"""Numbers in one place that are a counter; two are enough if they count from 0 or 1."""

_PIECE = re.compile(r"[^-_.]+")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_DATE = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")
_HEX = re.compile(r"[0-9a-fA-F]+")
_END_DIGITS = re.compile(r"[A-Za-z]{3,}?([0-9]+)")
_TERMS = frozenset(
    {"i18n", "l10n", "a11y", "k8s", "base64", "sha256", "sha512", "win32", "ipv64", "h264", "x509", "oauth20"}
)
"""Terms with digits that people choose."""
_TAIL = re.compile(r"[A-Za-z_]*[G-Zg-z_]([0-9a-f]{16,})")
"""A word and a hash without a separator, such as Drupal's SESS and a hash."""
_KNOWN = (
    (re.compile(r"(ASPSESSIONID)[A-Z]{8}"), "Internet Information Services"),
    (re.compile(r"(TS01)[0-9a-f]{6,}"), "F5 BIG-IP"),
)
"""Names with a random end and no separator before it, and the product that sets them."""


@dataclass(frozen=True, slots=True)
class Family:
    """A glob, and the names for which it stands."""

    glob: str
    members: tuple[str, ...]
    why: str
    """The reason, for a person to agree or not."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A name taken apart: where it changes for sure, and where numbers are."""

    name: str
    changing: tuple[tuple[int, int], ...]
    numbers: tuple[tuple[int, int], ...]

    def glob(self, counting: Iterable[int] = ()) -> str:
        """Put a star for each part that changes. `counting`: the numbers that do, by their index."""
        spans = sorted([*self.changing, *(self.numbers[at] for at in counting)])
        parts, at = [], 0
        for begin, end in spans:
            parts.append(self.name[at:begin])
            at = end
        parts.append(self.name[at:])
        return re.sub(r"\*[-_.]?(?=\*)", "", "*".join(parts)) if spans else self.name


def families(names: Iterable[str]) -> list[Family]:
    """Find the families among names; a name is in one at most. Sorted by glob."""
    shapes = [_shape(name) for name in sorted(set(names)) if "*" not in name]
    counters = _counters(shapes)
    members: dict[tuple[str, str], list[_Shape]] = {}
    globs: dict[tuple[str, str], set[str]] = {}
    for shape in shapes:
        glob = shape.glob(counters.get(_places(shape), ()))
        if "*" not in glob or len(glob.replace("*", "")) < MIN_LITERAL:
            continue
        # Two globs with one beginning and one end would be ambiguous.
        ends = (glob.partition("*")[0], glob.rpartition("*")[2])
        members.setdefault(ends, []).append(shape)
        globs.setdefault(ends, set()).add(glob)
    found = []
    for ends, alike in members.items():
        glob = next(iter(globs[ends])) if len(globs[ends]) == 1 else "*".join(ends)
        found.append(Family(glob, tuple(shape.name for shape in alike), _why(alike)))
    return sorted(found, key=lambda family: family.glob)


def _why(alike: list[_Shape]) -> str:
    names = [shape.name for shape in alike]
    if len(names) == 1:
        known = next((product for pattern, product in _KNOWN if pattern.fullmatch(names[0])), "")
        by = f", as {known} writes it" if known else ""
        return f"a part of the name looks random{by}, so other visits bring other names: {names[0]}"
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    how = "parts that look random" if any(shape.changing for shape in alike) else "a number"
    return f"{len(names)} names differ only in {how}: {shown}"


def _places(shape: _Shape) -> tuple[str, int]:
    """Return the glob with a star for every number, and the count of the numbers, because stars are merged."""
    return shape.glob(range(len(shape.numbers))), len(shape.numbers)


def _counters(shapes: list[_Shape]) -> dict[tuple[str, int], list[int]]:
    """Find the numbers that count: the indices of the counting ones, by the places of all numbers."""
    seen: dict[tuple[str, int], set[tuple[str, ...]]] = {}
    for shape in shapes:
        if shape.numbers:
            values = tuple(shape.name[begin:end] for begin, end in shape.numbers)
            seen.setdefault(_places(shape), set()).add(values)
    found: dict[tuple[str, int], list[int]] = {}
    for places, names in seen.items():
        varying = [at for at, values in enumerate(zip(*names, strict=True)) if len(set(values)) > 1]
        if len(names) >= MIN_COUNTED or (len(varying) == 1 and _counts({each[varying[0]] for each in names})):
            found[places] = varying
    return found


def _counts(values: set[str]) -> bool:
    """Check for numbers that count from 0 or 1, such as the numbered parts of a long value."""
    numbers = sorted(int(value) for value in values if len(value) < MIN_NUMBER)
    return len(numbers) == len(values) and numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[-1] + 1))


# Taking names apart


def _shape(name: str) -> _Shape:
    for pattern, _ in _KNOWN:
        if found := pattern.fullmatch(name):
            return _Shape(name, ((found.end(1), len(name)),), ())
    changing = [found.span() for pattern in (_UUID, _DATE) for found in pattern.finditer(name)]
    numbers: list[tuple[int, int]] = []
    pieces = [
        found.span()
        for found in _PIECE.finditer(name)
        if not any(begin < found.end() and found.start() < end for begin, end in changing)
    ]
    random = [_looks_random(name[begin:end]) for begin, end in pieces]
    _extend(name, pieces, random)
    for (begin, end), is_random in zip(pieces, random, strict=True):
        if is_random:
            tail = _TAIL.fullmatch(name[begin:end])
            changing.append((begin + tail.start(1) if tail else begin, end))
        elif name[begin:end].isdecimal():
            numbers.append((begin, end))
        elif trailing := _END_DIGITS.fullmatch(name[begin:end]):
            numbers.append((begin + trailing.start(1), begin + trailing.end(1)))
    return _Shape(name, tuple(sorted(changing)), tuple(numbers))


def _extend(name: str, pieces: list[tuple[int, int]], random: list[bool]) -> None:
    """Let a random part reach over neighbours that belong to it: numbers, and pieces of one that has `-` or `_`."""
    for at in (*range(1, len(pieces)), *range(len(pieces) - 2, -1, -1)):
        for other in (at - 1, at + 1):
            if random[at] or not 0 <= other < len(pieces) or not random[other]:
                continue
            piece = name[slice(*pieces[at])]
            left, right = sorted((at, other))
            between = name[pieces[left][1] : pieces[right][0]]
            random[at] = piece.isdecimal() or (between in ("-", "_") and _is_odd(piece))
    for at, after in pairwise(range(len(pieces))):
        # Two short numbers, such as `1.8966`, are one long.
        one, other = (name[slice(*pieces[each])] for each in (at, after))
        if one.isdecimal() and other.isdecimal() and len(one) + len(other) >= MIN_NUMBER:
            random[at] = random[after] = True


def _is_odd(piece: str) -> bool:
    """Check for a piece that is not a word: digits before letters, or capitals within a short piece."""
    if any(c.isdigit() for c in piece):
        return re.fullmatch(r"[A-Za-z]+[0-9]?", piece) is None and any(c.isalpha() for c in piece)
    return (len(piece) < 5 or _is_shuffled(piece)) and any(c.isupper() for c in piece[1:]) and not piece.isupper()


def _looks_random(piece: str) -> bool:
    """Check for digits among letters, hexadecimal, or letters in an order that words do not have."""
    digits = sum(c.isdigit() for c in piece)
    if len(piece) < MIN_RANDOM or piece.lower() in _TERMS:
        return False
    if digits == len(piece):
        return digits >= MIN_NUMBER
    if _HEX.fullmatch(piece) and (len(piece) >= 8 or digits):
        return True
    if _END_DIGITS.fullmatch(piece) and digits < MIN_NUMBER:
        return _is_shuffled(piece) or (digits >= 2 and len(piece) <= 8 and piece.islower() and digits * 2 >= len(piece))
    return digits >= 2 or _is_shuffled(piece)


def _is_shuffled(piece: str) -> bool:
    """Check for capitals that change as often as in `xKjQwZpLmNbV`; camelCase changes less often."""
    mixed = sum(a.isupper() != b.isupper() for a, b in pairwise(piece) if a.isalpha() and b.isalpha())
    return len(piece) >= 12 and mixed >= 0.45 * len(piece) and _entropy(piece) > 3.2


def _entropy(text: str) -> float:
    """Return bits per character, by how often each comes."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
