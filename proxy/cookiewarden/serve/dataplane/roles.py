"""What a client's connection, an exchange, an origin's connection, a tunnel and a pool are for one another.

Each knows the others by these only, so that no module needs another that needs it.
"""

import asyncio

from cookiewarden.serve.listening.connections import NEVER, Client
from cookiewarden.serve.wire.request_head import RequestHead
from cookiewarden.serve.wire.response_head import ResponseHead


class TunnelRole:
    """Bytes both ways, after a 101."""

    def from_client(self, data: bytes) -> None:
        """Pass on what the client sent."""
        raise NotImplementedError

    def from_origin(self, data: bytes) -> None:
        """Pass on what the origin sent."""
        raise NotImplementedError

    def client_ended(self) -> bool:
        """The client sends no more. Whether its connection stays open."""
        raise NotImplementedError

    def origin_ended(self) -> bool:
        """The same from the other side."""
        raise NotImplementedError

    def client_full(self) -> None:
        """The client does not read what is written."""
        raise NotImplementedError

    def client_drained(self) -> None:
        """It reads again."""
        raise NotImplementedError

    def origin_full(self) -> None:
        """The origin does not read what is written."""
        raise NotImplementedError

    def origin_drained(self) -> None:
        """It reads again."""
        raise NotImplementedError

    def close(self) -> None:
        """One side is gone."""
        raise NotImplementedError


class ClientRole(Client):
    """The connection on which a request came, for the exchange."""

    transport: asyncio.Transport
    peer = b"unknown"
    keep_alive = True
    """The connection may carry another request after this one."""
    full = False
    """The client does not read what is written."""

    def pause(self) -> None:
        """The origin does not take more: stop reading the client."""
        raise NotImplementedError

    def resume(self) -> None:
        """It takes more."""
        raise NotImplementedError

    def finished(self, request_complete: bool) -> None:
        """The response is written: on to the next request, or the end."""
        raise NotImplementedError

    def answer(self, status: int, head_only: bool, request_complete: bool) -> None:
        """Answer with a response of the proxy's own: the request was forwarded or could not be."""
        raise NotImplementedError

    def cut(self, reset: bool) -> None:
        """End the connection so that the response is seen to be incomplete."""
        raise NotImplementedError

    def tunnelled(self, tunnel: TunnelRole) -> None:
        """From now on bytes go through a tunnel."""
        raise NotImplementedError

    def await_tunnel(self) -> None:
        """Give the tunnel its time from now on."""
        raise NotImplementedError


class OriginRole(asyncio.Protocol):
    """The connection over which a request goes, for the exchange and the tunnel. It owns its deadline."""

    transport: asyncio.Transport
    due = NEVER
    """When the origin is late, on the loop's clock; while it is idle, when it has been so for long enough."""
    exchange: "ExchangeRole | None" = None
    """The one that it serves."""
    reused = False
    heard = False
    """It has said something in answer to this request."""
    write_paused = False

    def await_answer(self) -> None:
        """The origin has its time to answer, or to go on, from now on."""
        raise NotImplementedError

    def await_nothing(self) -> None:
        """It is not its turn."""
        raise NotImplementedError

    def pause_reading(self) -> None:
        """The client does not read: the origin waits."""
        raise NotImplementedError

    def resume_reading(self) -> None:
        """Read the origin again."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the connection go; what it still says reaches nobody."""
        raise NotImplementedError

    def tunnelled(self, tunnel: TunnelRole) -> None:
        """From now on bytes go through a tunnel."""
        raise NotImplementedError


class ExchangeRole:
    """One request and its response, for the connections on both sides."""

    request: RequestHead
    spoke: float
    """When the origin last said something, by `perf_counter`."""
    responding = False
    request_sent = False
    """The origin has been sent the whole request."""
    body_ended = False
    """The client has sent the whole request."""
    over = False

    def attached(self, origin: OriginRole) -> None:
        """A connection is there: send what there is."""
        raise NotImplementedError

    def interim(self, response: ResponseHead) -> None:
        """A 1xx."""
        raise NotImplementedError

    def upgraded(self, origin: OriginRole, response: ResponseHead, rest: bytes) -> bool:
        """A 101. False where the client did not ask for it."""
        raise NotImplementedError

    def respond(self, response: ResponseHead, body: bytes) -> None:
        """The final response begins; `body` is what has come of its body."""
        raise NotImplementedError

    def response_body(self, data: bytes) -> None:
        """A piece of the response's body."""
        raise NotImplementedError

    def responded(self, trailers: list[bytes]) -> None:
        """The response is complete."""
        raise NotImplementedError

    def origin_full(self) -> None:
        """The origin does not read."""
        raise NotImplementedError

    def origin_drained(self) -> None:
        """It reads again."""
        raise NotImplementedError

    def origin_unreachable(self, status: int, reason: str, detail: str = "") -> None:
        """No connection could be had. `detail`: the system's word for it."""
        raise NotImplementedError

    def origin_lost(self, origin: OriginRole) -> None:
        """The connection ended before the response did."""
        raise NotImplementedError

    def origin_failed(self, origin: OriginRole, reason: str) -> None:
        """The origin's answer cannot be used, or did not come."""
        raise NotImplementedError


class PoolRole:
    """Connections to the origin, for exchanges."""

    def connect(self, exchange: ExchangeRole, fresh: bool = False) -> None:
        """Give the exchange a connection, now or later: `attached` or `origin_unreachable` is called. `fresh`: none
        that was used."""
        raise NotImplementedError

    def failed(self, reason: str, detail: str = "") -> None:
        """Count a failure of the application, and log it now and then. `detail`: the system's word for it."""
        raise NotImplementedError
