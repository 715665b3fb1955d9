"""Message bodies in their three framings: a length, chunks, or the end of the connection (RFC 9112 6)."""

from enum import Enum


class Fault(Enum):
    """The reason why a body cannot be decoded."""

    GRAMMAR = "invalid chunked coding"
    SIZE = "a line or trailer section that is too long"


class Body:
    """A body that arrives in pieces.

    After the last piece `ended` is true and `rest` has the bytes after the body. If the bytes are invalid, `fault` has
    the reason, and `feed` must not be called again."""

    def __init__(self) -> None:
        self.ended = False
        self.fault: Fault | None = None
        self.rest = b""
        self.trailers: list[bytes] = []
        """Lines of the trailer section."""

    def feed(self, data: bytes) -> bytes:
        """Return the octets of the body in `data`, up to the first fault."""
        raise NotImplementedError


class LengthBody(Body):
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        """Create a body. `length`: in octets."""
        super().__init__()
        self.left = length
        """Octets that have not arrived."""

    def feed(self, data: bytes) -> bytes:
        if len(data) < self.left:
            self.left -= len(data)
            return data
        body, self.rest = data[: self.left], data[self.left :]
        self.left, self.ended = 0, True
        return body


class RestBody(Body):
    """A body that ends with the connection."""

    def feed(self, data: bytes) -> bytes:
        return data
