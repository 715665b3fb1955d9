"""A call of the gRPC service: it receives messages and returns the answers."""

from cookiewarden.serve.wire.grpc import Status


class CallFailed(Exception):
    """The end of a call with an error. `reason`: printable ASCII without `%`, and without octets of the peer."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Call:
    """One call."""

    __slots__ = ()

    is_unary = False
    """True if the call ends with its first answer."""

    def message(self, data: bytes) -> bytes:
        """Return the answer to a message, or empty. Raises CallFailed."""
        raise NotImplementedError

    def ended(self, why: str) -> None:
        """Handle the end. `why`: empty if the peer has sent everything, else the reason of an early end."""
        raise NotImplementedError
