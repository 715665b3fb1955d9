"""Sets of numbers, each as the bits of one integer, so that sets of thousands are united in one step."""

from bisect import bisect_right
from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import repeat
from operator import or_, setitem
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

MAX_BITS = 1 << 26
"""Maximum number of bits that an index stores as masks. At the limit, all are removed and made again when needed."""
FEW = 8
"""Maximum number of numbers of which a set is made again for each use."""


def mask_of(numbers: Sequence[int]) -> int:
    """Return the set of some numbers, which are in ascending order."""
    if len(numbers) <= 1:
        return 1 << numbers[0] if numbers else 0
    digits = bytearray(b"0" * (numbers[-1] + 1))
    deque(map(setitem, repeat(digits), numbers, repeat(ord("1"))), 0)  # a loop would take ten times as long
    digits.reverse()
    return int(digits, 2)


def numbers_of(mask: int) -> list[int]:
    """Return the numbers of a set, in ascending order."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


class Sets(Generic[K]):
    """Mapping from keys to sets of numbers."""

    def __init__(self, numbers: Mapping[K, Sequence[int]], max_bits: int = MAX_BITS) -> None:
        """Set the numbers of each key, in ascending order."""
        self.numbers = numbers
        self._size = 1 + max((some[-1] for some in numbers.values() if some), default=0)
        self._max_bits = max_bits
        self._is_small = len(numbers) * self._size <= max_bits
        many = numbers if self._is_small else [key for key, some in numbers.items() if len(some) > FEW]
        is_stored = len(many) * self._size <= max_bits
        self._masks = {key: mask_of(numbers[key]) for key in many} if is_stored else {}

    def union(self, keys: Iterable[K]) -> int:
        """Return the union of the sets of some keys, which must all be there."""
        return reduce(or_, map(self._masks.__getitem__ if self._is_small else self._mask, keys), 0)

    def _mask(self, key: K) -> int:
        mask = self._masks.get(key)
        if mask is None:
            numbers = self.numbers[key]
            mask = mask_of(numbers)
            if len(numbers) > FEW:
                if len(self._masks) * self._size > self._max_bits:
                    self._masks.clear()
                self._masks[key] = mask
        return mask


class Beginnings:
    """Texts with sets of numbers. It finds the texts with which a name begins, and the union of their sets."""

    def __init__(self, sets: Mapping[bytes, Sequence[int]], max_bits: int = MAX_BITS) -> None:
        """Set the texts and, for each, its numbers in ascending order."""
        self._max_bits = max_bits
        self._sets = sets
        self._size = 1 + max((numbers[-1] for numbers in sets.values() if numbers), default=0)
        self.texts = sorted(sets)
        self._at = {text: at for at, text in enumerate(self.texts)}
        self._lengths: list[int] = []
        """For each text, the lengths of all texts with which it begins (including itself), as bits."""
        self._next: list[int] = []
        """For each text, the longest other text with which it begins, or -1."""
        before = [(b"", 0, -1)]
        for at, text in enumerate(self.texts):
            while not text.startswith(before[-1][0]):
                before.pop()
            lengths = before[-1][1] | 1 << len(text)
            self._next.append(before[-1][2])
            before.append((text, lengths, at))
            self._lengths.append(lengths)
        self._unions: dict[int, int] = {}
        """For each text, the union of its numbers and of the numbers of all texts with which it begins."""
        if len(self.texts) * self._size <= max_bits:
            for at in range(len(self.texts)):
                self._unite(at)

    def find(self, name: bytes) -> int:
        """Return the place in `texts` of the longest text with which a name begins, or -1."""
        at = bisect_right(self.texts, name) - 1  # each beginning of the name is also a beginning of this text
        if at < 0:
            return -1
        text = self.texts[at]
        if name.startswith(text):
            return at
        lengths = self._lengths[at] & ((2 << _common(text, name)) - 1)
        return self._at[name[: lengths.bit_length() - 1]] if lengths else -1

    def of(self, name: bytes) -> int:
        """Return the union of the sets of all texts with which a name begins."""
        at = self.find(name)
        if at < 0:
            return 0
        union = self._unions.get(at)
        return self._unite(at) if union is None else union

    def depth(self, name: bytes) -> int:
        """Return the number of texts with which a name begins."""
        at = self.find(name)
        return self._lengths[at].bit_count() if at >= 0 else 0

    def longest(self, name: bytes, wanted: int) -> int:
        """Return the wanted numbers of the longest text with which a name begins and that has some; 0 if none has."""
        at = self.find(name)
        while at >= 0:
            found = wanted & mask_of(self._sets[self.texts[at]])
            if found:
                return found
            at = self._next[at]
        return 0

    def _unite(self, at: int) -> int:
        if len(self._unions) * self._size > self._max_bits:
            self._unions.clear()
        unions, waiting = self._unions, []
        while at >= 0 and at not in unions:
            waiting.append(at)
            at = self._next[at]
        union = unions[at] if at >= 0 else 0
        for one in reversed(waiting):
            union |= mask_of(self._sets[self.texts[one]])
            unions[one] = union
        return union


def _common(one: bytes, other: bytes) -> int:
    """Return the length of the common beginning of two texts, in octets."""
    length = min(len(one), len(other))
    differs = int.from_bytes(one[:length], "big") ^ int.from_bytes(other[:length], "big")
    return length - (differs.bit_length() + 7) // 8
