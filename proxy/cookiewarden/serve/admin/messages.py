"""Requests and responses of the admin listener."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode

MAX_BODY = 4096
"""Maximum number of octets of a request body."""

SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Header fields of every response except those to scrapes and probes."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response. `headers`: its fields without the ones about length, time and connection."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response."""

    status: int
    code: ErrorCode
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(refusal: Refusal) -> Response:
    document = wire.ErrorDocument(refusal.code, refusal.message)
    headers = {"Content-Type": "application/json"} | SAFE | dict(refusal.headers)
    return Response(wire.dump(document) + b"\n", headers, refusal.status)


class Incomplete(Exception):
    """An error for a body whose end does not arrive."""


class BodyTooLarge(Exception):
    """An error for a body of more than MAX_BODY octets."""


class Request:
    """A request, whose body may still arrive."""

    def __init__(
        self,
        method: str,
        path: str,
        fields: list[tuple[bytes, bytes]],
        keep_alive: bool,
        expected: Callable[[], None],
    ) -> None:
        """Create a request. `path`: the target without its query. `fields`: names in lower case, and values.
        `expected`: sends a 100 to a client that waits for it (`Expect`)."""
        self.method = method
        self.path = path
        self.keep_alive = keep_alive
        self._fields = fields
        self._expected = expected
        self._body = b""
        self._ended = asyncio.Event()
        self.is_complete = False

    def header(self, name: bytes) -> str:
        """Return the value of a field, or an empty text if it is absent or repeated. `name`: in lower case."""
        values = [value for found, value in self._fields if found == name]
        return values[0].strip(b" \t").decode("utf-8", "surrogateescape") if len(values) == 1 else ""

    async def body(self) -> bytes:
        """Return the body. Raises Incomplete and BodyTooLarge."""
        if not (self._body or self._ended.is_set()) and self.header(b"expect").lower() == "100-continue":
            self._expected()
        await self._ended.wait()
        if len(self._body) > MAX_BODY:
            raise BodyTooLarge
        if not self.is_complete:
            raise Incomplete
        return self._body

    def received(self, data: bytes) -> None:
        if len(self._body) <= MAX_BODY:
            self._body += data
        if len(self._body) > MAX_BODY:
            self._ended.set()

    def end(self, is_complete: bool) -> None:
        self.is_complete = is_complete
        self._ended.set()
