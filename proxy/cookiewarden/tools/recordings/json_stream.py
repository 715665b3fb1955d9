"""JSON of any size and depth, as events, in little memory."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

MAX_DIGITS = 300
"""Digits of a number above which parsers may refuse it, or crash at 100,000. Numbers of recordings are not read."""
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9]{%d,}" % MAX_DIGITS)
_DIGITS = b"0123456789"


class ShortNumbers:
    """A JSON file in which longer numbers are cut. Strings stay unchanged."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._held = b""
        """The end of the last piece, if a long number or an escape may begin there."""
        self._in_string = False
        self.has_ended = False
        """The end of the file was read, so an error before it is not a cut."""

    def read(self, size: int = -1) -> bytes:
        """Return some octets; none at the end of the file."""
        while True:
            data = self._file.read(size)
            text, self._held = self._held + data, b""
            if data:
                text = self._hold(text)
            text = self._cut(text)
            if text or not data or size == 0:
                self.has_ended = not text and size != 0
                return text

    def _hold(self, text: bytes) -> bytes:
        """Keep the end of a piece until the next one is known."""
        kept = text.rstrip(_DIGITS)
        if len(kept) == len(text):
            kept = text.rstrip(b"\\")
            self._held = text[len(kept) :]
        elif self._in_string_after(kept):
            return text
        else:
            self._held = text[len(kept) :][:MAX_DIGITS]
        return kept

    def _in_string_after(self, text: bytes) -> bool:
        return self._in_string != bool(_ESCAPE.sub(b"", text).count(b'"') % 2)

    def _cut(self, text: bytes) -> bytes:
        parts: list[bytes] = []
        at = 0
        for number in _LONG_NUMBER.finditer(text):
            before = text[at : number.start()]
            self._in_string = self._in_string_after(before)
            parts += (before, number[0] if self._in_string else number[0][:MAX_DIGITS])
            at = number.end()
        self._in_string = self._in_string_after(text[at:])
        return b"".join([*parts, text[at:]])


class Utf8(io.RawIOBase):
    """A file of another encoding, read as UTF-8. Octets that are not valid become U+FFFD."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 at the end of the file."""
        while not self._held and (data := self._file.read(len(buffer))):
            self._held = self._decoder.decode(data).encode("utf-8", "replace")
        piece, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


MAX_DEPTH = 12
"""Depth up to which events are reported: a HAR's cookies are seven deep."""
_BEGINS, _ENDS = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})


def shallow(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Give the events of `ijson.basic_parse` their prefixes, and leave out deeper ones. `ijson.parse` would need the
    square of the depth for its prefixes: all memory at 100,000."""
    path: list[str] = []
    below = 0
    for event, value in events:
        if below or (event in _BEGINS and len(path) >= MAX_DEPTH):
            below += (event in _BEGINS) - (event in _ENDS)
        elif event == "map_key":
            path[-1] = value
        elif event in _ENDS:
            path.pop()
            yield ".".join(path), event, value
        else:
            yield ".".join(path), event, value
            if event in _BEGINS:
                path.append("item" if event == "start_array" else "")


class TooLarge(Exception):
    """A JSON value is larger than a record of a log."""


MAX_VALUES = 100_000
"""Values of one record."""


class RepeatedMember(list[Any]):
    """The values of a member that an object has several times."""


def with_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON. A member that is written twice has both values if they can hold cookies."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        put(made, key, value)
    return made


def put(made: dict[str, Any], key: str, value: Any) -> None:
    """Add a member to an object of JSON."""
    before = made.get(key)
    if before is None or not _can_hold_cookies(key, value, before):
        made[key] = value
    elif isinstance(before, RepeatedMember):
        before.append(value)
    else:
        made[key] = RepeatedMember([before, value])


def _can_hold_cookies(key: str, value: Any, before: Any) -> bool:
    if isinstance(value, dict | list) or isinstance(before, dict | list) or "cookie" in key.lower():
        return True
    return any(isinstance(one, str) and "cookie" in one.lower() for one in (value, before))


def records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON file: in arrays, or one after another. Texts in an array without objects, such as raw
    headers, are a record without a name. Raises TooLarge."""
    import ijson  # type: ignore[import-untyped]

    into: list[tuple[Any, str]] = []
    """The containers that are open, with the key of each in the one above."""
    texts: list[Any] = []
    count = 0
    key = ""
    for event, value in ijson.basic_parse(ShortNumbers(file), multiple_values=True):
        count += 1
        if count > MAX_VALUES:
            raise TooLarge
        if event == "map_key":
            key = value
        elif event == "start_map" or (event == "start_array" and into):
            into.append(({} if event == "start_map" else [], key))
        elif event in _ENDS and into:
            made, key = into.pop()
            if into:
                _add(into[-1][0], key, made)
            else:
                count = 0
                yield made
        elif event in _BEGINS or event in _ENDS:
            if texts:
                yield {"": texts}
            texts = []
        elif into:
            _add(into[-1][0], key, value)
        elif event == "string":
            texts.append(value)
        else:
            count = 0


def _add(into: Any, key: str, value: Any) -> None:
    if isinstance(into, list):
        into.append(value)
    else:
        put(into, key, value)
