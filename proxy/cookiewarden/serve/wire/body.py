"""Bodies, framed in one of three ways on either side: a length, chunks, or the end of the connection (RFC 9112 6)."""

from enum import Enum


class Fault(Enum):
    """Why a body cannot be decoded to its end."""

    GRAMMAR = "bytes that are not in the chunked coding"
    SIZE = "a line or trailer section that is too long"


class Body:
    """One body that comes in pieces.

    After the last piece `ended` is true and `rest` holds what followed it. Where the bytes are at fault, `fault` says
    why and nothing more may be fed."""

    def __init__(self) -> None:
        self.ended = False
        self.fault: Fault | None = None
        self.rest = b""
        self.trailers: list[bytes] = []
        """The lines of the trailer section."""

    def feed(self, data: bytes) -> bytes:
        """Return the octets of the body that are in `data`, up to the first fault."""
        raise NotImplementedError


class LengthBody(Body):
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        """`length`: in octets."""
        super().__init__()
        self.left = length
        """Octets that have not come."""

    def feed(self, data: bytes) -> bytes:
        if len(data) < self.left:
            self.left -= len(data)
            return data
        body, self.rest = data[: self.left], data[self.left :]
        self.left, self.ended = 0, True
        return body


class RestBody(Body):
    """A body that ends with its connection."""

    def feed(self, data: bytes) -> bytes:
        return data
