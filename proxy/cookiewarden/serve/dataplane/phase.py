"""The phases of a client connection, one per line. The contributors' page prints this table."""

from enum import Enum
from typing import Final


class Arrival(Enum):
    """Use of arriving octets."""

    HEAD = "part of a head"
    BODY = "part of the request's body"
    HELD = "held for later"
    TUNNEL = "forwarded"
    IGNORED = "ignored"


class Lateness(Enum):
    """Reaction to a missed deadline."""

    CLOSES = "the connection closes"
    HEAD_408 = "408 header_timeout"
    BODY_408 = "408 client_timeout; once the response has begun, the connection is aborted"
    ABORTS = "the connection is aborted"
    NEVER = "never late"


class Phase(Enum):
    """Phase of a connection, with the use of arriving octets and the reaction to a missed deadline."""

    def __init__(self, meaning: str, arrival: Arrival, lateness: Lateness, is_read: bool, is_idle: bool) -> None:
        """Define a phase. `is_read`: the client is read, within limits. `is_idle`: the connection may be closed to make
        room for another."""
        self.meaning = meaning
        self.arrival = arrival
        self.lateness = lateness
        self.is_read = is_read
        self.is_idle = is_idle

    IDLE = "waits for a request", Arrival.HEAD, Lateness.CLOSES, True, True
    HEAD = "a request head is incomplete", Arrival.HEAD, Lateness.HEAD_408, True, False
    BODY = "a request's body is incomplete", Arrival.BODY, Lateness.BODY_408, True, False
    ANSWER = "the request is complete, and the response is not", Arrival.HELD, Lateness.ABORTS, True, False
    UNREAD = (
        "the response is written, and the client has not read all of it",
        Arrival.HELD,
        Lateness.ABORTS,
        True,
        False,
    )
    NEXT = "an early request is about to be served", Arrival.HELD, Lateness.NEVER, True, False
    TUNNEL = "bytes pass in both directions after a 101", Arrival.TUNNEL, Lateness.CLOSES, True, False
    LINGER = "the response is sent, and the client still sends", Arrival.IGNORED, Lateness.CLOSES, True, False
    CLOSING = "the last bytes are being sent", Arrival.IGNORED, Lateness.ABORTS, False, False


# The members that each request needs, since a look-up in an enum costs the compiled build as much as a dictionary.
HEAD_ARRIVES: Final = Arrival.HEAD
BODY_ARRIVES: Final = Arrival.BODY
IDLE: Final = Phase.IDLE
ANSWER: Final = Phase.ANSWER
