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


def records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON file: of its array, or one after another. Raises TooLarge."""
    import ijson  # type: ignore[import-untyped]

    stack: list[tuple[str, Any]] = []
    count = 0
    for prefix, event, value in shallow(ijson.basic_parse(ShortNumbers(file), multiple_values=True)):
        if event in _ENDS:
            if stack:
                _, made = stack.pop()
                if not stack:
                    count = 0
                    yield made
            continue
        if not stack and (event != "start_map" or prefix not in ("", "item")):
            continue
        count += 1
        if count > MAX_VALUES:
            raise TooLarge
        made = {} if event == "start_map" else [] if event == "start_array" else value
        if stack:
            place, into = stack[-1]
            if isinstance(into, list):
                into.append(made)
            else:
                into[prefix[len(place) + bool(place) :]] = made
        if event in _BEGINS:
            stack.append((prefix, made))
