"""The chunked transfer coding, decoded and encoded (RFC 9112 7.1).

The decoder must report where a body ends, because the next request may follow it. With another parser, the proxy would
have to trust the parser's position. The decoder accepts only the grammar of the RFC, and
`tests/serve/wire/test_chunked.py` compares it with llhttp.
"""

import re

from cookiewarden.serve.wire.body import Body, Fault

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[^\x00-\x08\x0a-\x1f\x7f]*")
MAX_LINE = 4096
"""Maximum octets of a chunk-size line. Its extensions are ignored."""
_LONGEST = 18
"""Octets in which the size line of a chunk ends that is read at once."""


class ChunkedBody(Body):
    """A body in the chunked coding."""

    def __init__(self, max_trailers: int) -> None:
        """Create a body. `max_trailers`: in octets."""
        super().__init__()
        self._max_trailers = max_trailers
        self._held = b""
        """The beginning of an incomplete line."""
        self._left = 0
        """Octets of the current chunk that have not arrived, its line break included."""

    def whole_chunk(self, data: bytes) -> int:
        """Return the octets of the size line if `data` is exactly one next chunk, as `chunk` would encode it, else 0.

        Such data can be forwarded unchanged, and must then not be fed. Often a read has exactly one chunk."""
        if self._left or self._held or not data.endswith(b"\r\n"):
            return 0
        end = data.find(b"\r\n", 0, _LONGEST)
        octets = len(data) - end - 4
        return end + 2 if end > 0 and octets > 0 and data.startswith(b"%x\r\n" % octets) else 0

    def feed(self, data: bytes) -> bytes:
        if self._held:
            data = self._held + data
            self._held = b""
        at = 0
        found: list[bytes] = []
        while True:
            if self._left:
                at = self._in_chunk(data, at, found)
                if self._left:
                    break
            end = data.find(b"\r\n", at)
            if end < 0:
                self._hold(data[at:], MAX_LINE + len(b"\r"))
                break
            size = _SIZE.fullmatch(data, at, end)
            if size is None or end - at > MAX_LINE:
                self.fault = Fault.GRAMMAR if size is None else Fault.SIZE
                break
            octets = int(size[1], 16)
            if octets == 0:
                self._end(data, at, end)
                break
            self._left = octets + 2
            at = end + 2
        return found[0] if len(found) == 1 else b"".join(found)

    def _in_chunk(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Take the available part of a chunk and its line break. Return the position after it."""
        if self._left > 2:
            piece = data[at : at + self._left - 2]
            found.append(piece)
            at += len(piece)
            self._left -= len(piece)
        if self._left <= 2:
            breaking = data[at : at + self._left]
            if not b"\r\n"[2 - self._left :].startswith(breaking):
                self.fault = Fault.GRAMMAR
                return at
            at += len(breaking)
            self._left -= len(breaking)
        return at

    def _hold(self, data: bytes, limit: int) -> None:
        if len(data) > limit:
            self.fault = Fault.SIZE
        self._held = data

    def _end(self, data: bytes, at: int, end: int) -> None:
        """Read trailers and blank line. The last chunk begins at `at`; its line ends at `end`."""
        over = data.find(b"\r\n\r\n", end)
        if over < 0:
            self._hold(data[at:], MAX_LINE + self._max_trailers + len(b"\r\n\r"))
            return
        lines = data[end + 2 : over].split(b"\r\n") if over > end else []
        if over - end > self._max_trailers:
            self.fault = Fault.SIZE
        elif not all(map(_TRAILER.fullmatch, lines)):
            self.fault = Fault.GRAMMAR
        else:
            self.trailers = lines
            self.rest = data[over + 4 :]
            self.ended = True


def chunk(data: bytes) -> bytes:
    """Encode one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


_NEVER = re.compile(
    rb"content-length|content-type|transfer-encoding|host|set-cookie2?|cookie2?|connection|keep-alive|te|upgrade|forwarded|sec-gpc|alt-svc"
    rb"|accept-encoding|if-.*|x-forwarded-(?:for|host|proto)|proxy(?:-.*)?"
)
_NOT_IN_CGI = re.compile(rb"[^a-z0-9]")
"""Characters that CGI and some servers replace by `_`."""


def last_chunk(trailers: list[bytes]) -> bytes:
    """Return the last chunk with the trailers. Trailers that could change routing, framing or cookies are left out
    (RFC 9110 6.5.1)."""
    kept = [
        line + b"\r\n"
        for line in trailers
        if not _NEVER.fullmatch(_NOT_IN_CGI.sub(b"-", line.partition(b":")[0].lower()))
    ]
    return b"0\r\n%b\r\n" % b"".join(kept)
