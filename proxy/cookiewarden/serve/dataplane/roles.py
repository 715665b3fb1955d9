"""Interfaces between client connection, exchange, origin connection, tunnel and pool.

The modules know each other by these interfaces only, which avoids circular imports.
"""

import asyncio

from cookiewarden.serve.listening.connections import NEVER, Client
from cookiewarden.serve.wire.request_head import RequestHead
from cookiewarden.serve.wire.response_head import ResponseHead


class TunnelRole:
    """A connection for bytes in both directions after a 101 response."""

    def from_client(self, data: bytes) -> None:
        """Forward data of the client."""
        raise NotImplementedError

    def from_origin(self, data: bytes) -> None:
        """Forward data of the origin."""
        raise NotImplementedError

    def client_ended(self) -> bool:
        """Handle the end of the client's data. Return True if its connection stays open."""
        raise NotImplementedError

    def origin_ended(self) -> bool:
        """Handle the end of the origin's data. Return True if its connection stays open."""
        raise NotImplementedError

    def client_full(self) -> None:
        """Pause the origin, because the client does not read."""
        raise NotImplementedError

    def client_drained(self) -> None:
        """Resume the origin, because the client reads again."""
        raise NotImplementedError

    def origin_full(self) -> None:
        """Pause the client, because the origin does not read."""
        raise NotImplementedError

    def origin_drained(self) -> None:
        """Resume the client, because the origin reads again."""
        raise NotImplementedError

    def close(self) -> None:
        """Close both sides."""
        raise NotImplementedError


class ClientRole(Client):
    """The client connection, as an exchange uses it."""

    transport: asyncio.Transport
    peer = b"unknown"
    keep_alive = True
    """True if the connection may carry another request."""
    full = False
    """True while the client does not read the written data."""

    def pause(self) -> None:
        """Stop reading the client, because the origin does not accept more data."""
        raise NotImplementedError

    def resume(self) -> None:
        """Read the client again."""
        raise NotImplementedError

    def finished(self, request_complete: bool) -> None:
        """Continue with the next request, or close, after the response has been written."""
        raise NotImplementedError

    def answer(self, status: int, head_only: bool, request_complete: bool) -> None:
        """Answer with an error response, whether or not the request was forwarded."""
        raise NotImplementedError

    def cut(self, reset: bool) -> None:
        """Close the connection so that the client detects an incomplete response."""
        raise NotImplementedError

    def tunnelled(self, tunnel: TunnelRole) -> None:
        """Pass all further bytes to a tunnel."""
        raise NotImplementedError

    def await_tunnel(self) -> None:
        """Restart the timeout of the tunnel."""
        raise NotImplementedError


class OriginRole(asyncio.Protocol):
    """The origin connection, as an exchange and a tunnel use it. It manages its deadline."""

    transport: asyncio.Transport
    due = NEVER
    """Deadline on the event loop's clock, for the response or for the idle time."""
    exchange: "ExchangeRole | None" = None
    """The exchange that the connection serves."""
    reused = False
    heard = False
    """True if the origin has sent bytes in response to this request."""
    write_paused = False

    def await_answer(self) -> None:
        """Restart `read_timeout`."""
        raise NotImplementedError

    def await_nothing(self) -> None:
        """Remove the deadline."""
        raise NotImplementedError

    def pause_reading(self) -> None:
        """Stop reading the origin, because the client does not read."""
        raise NotImplementedError

    def resume_reading(self) -> None:
        """Read the origin again."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection and drop further data."""
        raise NotImplementedError

    def tunnelled(self, tunnel: TunnelRole) -> None:
        """Pass all further bytes to a tunnel."""
        raise NotImplementedError


class ExchangeRole:
    """A request and its response, as the connections on both sides use it."""

    request: RequestHead
    spoke: float
    """Time of the last bytes from the origin before the response began, by `perf_counter`."""
    responding = False
    request_sent = False
    """True if the whole request has been sent to the origin."""
    body_ended = False
    """True if the client has sent the whole request."""
    over = False

    def attached(self, origin: OriginRole) -> None:
        """Send the request over a connection that has been opened."""
        raise NotImplementedError

    def interim(self, response: ResponseHead) -> None:
        """Handle a 1xx response."""
        raise NotImplementedError

    def upgraded(self, origin: OriginRole, response: ResponseHead, rest: bytes) -> bool:
        """Handle a 101 response. Return False if the client did not request it."""
        raise NotImplementedError

    def respond(self, response: ResponseHead, body: bytes) -> None:
        """Begin the final response. `body`: the part of its body that has arrived."""
        raise NotImplementedError

    def response_body(self, data: bytes) -> None:
        """Forward a piece of the response body."""
        raise NotImplementedError

    def response_chunk(self, data: bytes, line: int) -> None:
        """Forward a chunk of the response body. `line`: the octets of its size line."""
        raise NotImplementedError

    def responded(self, trailers: list[bytes]) -> None:
        """Complete the response."""
        raise NotImplementedError

    def origin_full(self) -> None:
        """Stop reading the client, because the origin does not read."""
        raise NotImplementedError

    def origin_drained(self) -> None:
        """Read the client again."""
        raise NotImplementedError

    def origin_unreachable(self, status: int, reason: str, detail: str = "") -> None:
        """Answer with an error after a failure to connect to the origin. `detail`: the system's error."""
        raise NotImplementedError

    def origin_lost(self, origin: OriginRole) -> None:
        """Handle the end of the origin connection before the end of the response."""
        raise NotImplementedError

    def origin_failed(self, origin: OriginRole, reason: str) -> None:
        """Handle an invalid or missing response."""
        raise NotImplementedError


class PoolRole:
    """The pool of connections to the origin, as exchanges use it."""

    def connect(self, exchange: ExchangeRole, fresh: bool = False) -> None:
        """Get a connection for an exchange, now or later. Calls `attached` or `origin_unreachable`. `fresh`: a used
        connection is not acceptable."""
        raise NotImplementedError

    def failed(self, reason: str, detail: str = "") -> None:
        """Count a failure of the application, and log it once per QUIET_SECONDS. `detail`: the system's error."""
        raise NotImplementedError
