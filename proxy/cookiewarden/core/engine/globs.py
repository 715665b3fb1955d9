"""Search for the globs that match a name, without trying each glob.

A glob is found by its beginning (up to its first `*`) and its end (after its last `*`). A glob with text between two
stars is found by octets of that text. A new name takes a few microseconds, with 20 globs or with 2,000.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from cookiewarden.core.cookies.glob import has_in_order
from cookiewarden.core.engine.effort import Effort
from cookiewarden.core.engine.masks import Beginnings, Sets, mask_of, numbers_of

FEW = 8
"""Maximum number of globs with text between two stars that are tried one by one. Above it, an index is used."""
MAX_FEW_TEXTS = 256
"""Maximum number of sets of a few globs whose texts are stored."""
GRAM = 3
"""Maximum length of the grams in that index, in octets."""

Gram = tuple[int, ...]


def in_order(globs: Iterable[bytes]) -> list[bytes]:
    """Sort globs: longest beginning first, then longest end. Globs with equal beginning and end are together."""

    def rank(glob: bytes) -> tuple[int, bytes, int, bytes, bytes]:
        beginning, end = sides(glob)
        return -len(beginning), beginning, -len(end), end, glob

    return sorted(globs, key=rank)


def sides(glob: bytes) -> tuple[bytes, bytes]:
    """Return a glob's beginning and end."""
    return glob[: glob.find(b"*")], glob[glob.rfind(b"*") + 1 :]


class _Middle:
    """A glob with text between two stars."""

    __slots__ = ("begun", "ended", "first", "last", "length", "texts")

    def __init__(self, parts: list[bytes]) -> None:
        self.texts = [part for part in parts[1:-1] if part]
        """The texts between two stars."""
        self.begun, self.ended = len(parts[0]), len(parts[-1])
        """Lengths of the beginning and the end."""
        self.first, self.length = self.texts[0], len(self.texts[0])
        self.last = self.texts[-1] if len(self.texts) > 1 else b""

    def matches(self, name: bytes, effort: Effort) -> bool:
        """Check whether the texts between two stars are in a name that has the beginning and the end. Raises
        TooMuchEffort."""
        effort.spend(2 + (len(name) >> 7))  # long names take more time
        # Names may have all texts of many globs, but in another order. The first check rejects most of them.
        at = name.find(self.first, self.begun)
        if not 0 <= at <= name.rfind(self.last) - self.length:
            return False
        effort.spend(1 + len(self.texts) // 2)
        return has_in_order(self.texts, name[at : len(name) - self.ended])


class Globs:
    """Globs with numbers, as places in a list."""

    def __init__(self, globs: Sequence[bytes]) -> None:
        """Set different globs. Their numbers are their places in this sequence."""
        self._middles: dict[int, _Middle] = {}
        beginnings: dict[bytes, list[int]] = {}
        ends: dict[bytes, list[int]] = {}
        lengths: dict[int, list[int]] = {}
        for number, glob in enumerate(globs):
            parts = glob.split(b"*")
            beginnings.setdefault(parts[0], []).append(number)
            ends.setdefault(parts[-1][::-1], []).append(number)
            lengths.setdefault(len(glob) - glob.count(b"*"), []).append(number)
            if any(parts[1:-1]):
                self._middles[number] = _Middle(parts)
        self._beginnings = Beginnings(beginnings)
        self._ends = Beginnings(ends)
        """The reversed ends."""
        self._lengths = sorted(lengths)
        """Lengths of the shortest names that match a glob."""
        self._fitting = [0]
        """For each of them, the globs of this length or a shorter one. The first item is for shorter names."""
        for length in self._lengths:
            self._fitting.append(self._fitting[-1] | mask_of(lengths[length]))
        self.with_middle = mask_of(list(self._middles))
        """The globs with text between two stars."""
        self._few_texts: dict[int, tuple[bytes, ...]] = {}
        self._by_gram = Sets(_by_rarest_gram(self._middles))
        """Globs with text between two stars, by one gram each."""
        self._gram_lengths = sorted({len(gram) for gram in self._by_gram.numbers})

    def of(self, name: bytes, effort: Effort) -> int:
        """Return the set of the globs that a name may match. For those with text between two stars, ask `matches`.
        Raises TooMuchEffort."""
        if self.with_middle:
            effort.spend(0)  # other globs cost little
        begun = self._beginnings.of(name)
        found = begun and begun & self._ends.of(name[::-1])
        if found and len(name) < self._lengths[-1]:
            found &= self._fitting[bisect_right(self._lengths, len(name))]
        middles = found & self.with_middle
        if middles:
            if middles.bit_count() > FEW:
                effort.spend(1 + (len(name) >> 4))
                found ^= middles ^ (middles & self._with_grams(name))
            elif not any(map(name.__contains__, self._texts_of(middles))):
                found ^= middles
        return found

    def _texts_of(self, middles: int) -> tuple[bytes, ...]:
        """Return a text of each of a few globs."""
        texts = self._few_texts.get(middles)
        if texts is None:
            if len(self._few_texts) >= MAX_FEW_TEXTS:
                self._few_texts.clear()
            texts = self._few_texts[middles] = tuple([self._middles[number].first for number in numbers_of(middles)])
        return texts

    def matches(self, number: int, name: bytes, effort: Effort) -> bool:
        """Check whether a name matches one of the globs that `of` returned for it. Raises TooMuchEffort."""
        middle = self._middles.get(number)
        return middle is None or middle.matches(name, effort)

    def is_any(self, found: int, name: bytes, effort: Effort) -> bool:
        """Check whether a name matches any of the globs, which `of` returned for it. Raises TooMuchEffort."""
        if found & ~self.with_middle:
            return True
        while found:
            lowest = found & -found
            if self._middles[lowest.bit_length() - 1].matches(name, effort):
                return True
            found ^= lowest
        return False

    def _with_grams(self, name: bytes) -> int:
        """Return the globs whose gram occurs in a name."""
        found = 0
        for length in self._gram_lengths:
            grams = zip(*[name[at:] for at in range(length)], strict=False)
            found |= self._by_gram.union(self._by_gram.numbers.keys() & grams)
        return found


def _by_rarest_gram(middles: dict[int, _Middle]) -> dict[Gram, list[int]]:
    grams = [(number, _grams(middle.texts)) for number, middle in middles.items()]
    often = Counter(gram for _, found in grams for gram in found)
    by_gram: dict[Gram, list[int]] = {}
    for number, found in grams:
        # Of equally rare grams, prefer letters, because many names end in digits.
        rarest = min(found, key=lambda gram: (often[gram], [-octet for octet in gram]))
        by_gram.setdefault(rarest, []).append(number)
    return by_gram


def _grams(texts: list[bytes]) -> set[Gram]:
    """Return the grams of a glob's texts between two stars. They occur in every name that the glob matches."""
    length = min(GRAM, max(map(len, texts)))
    return {tuple(text[at : at + length]) for text in texts for at in range(len(text) - length + 1)}
