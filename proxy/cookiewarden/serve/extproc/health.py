"""The gRPC health check (grpc.health.v1), for Envoy and for probes of Kubernetes."""

from cookiewarden.serve.extproc.call import Call, CallFailed
from cookiewarden.serve.extproc.context import ProcessorContext
from cookiewarden.serve.wire.ext_proc import SERVICE
from cookiewarden.serve.wire.grpc import Status
from cookiewarden.serve.wire.protobuf import BadMessage, number_field, read_message

CHECK = b"/grpc.health.v1.Health/Check"
_SERVING, _NOT_SERVING = number_field(1, 1), number_field(1, 2)
_SERVICES = frozenset({b"", SERVICE.split(b"/")[1]})
"""Names for which the check answers: the whole server, and its only service."""


class HealthCheck(Call):
    """One check. The answer is SERVING until the worker drains."""

    __slots__ = ("_context",)

    is_unary = True

    def __init__(self, context: ProcessorContext) -> None:
        self._context = context

    def message(self, data: bytes) -> bytes:
        try:
            names = [octets for number, _, octets in read_message(data) if number == 1]
        except BadMessage as bad:
            raise CallFailed(Status.INVALID_ARGUMENT, str(bad)) from None
        if not _SERVICES.issuperset(names):
            raise CallFailed(Status.NOT_FOUND, "unknown service")
        return _NOT_SERVING if self._context.connections.draining else _SERVING

    def ended(self, why: str) -> None:
        """Do nothing, because a check keeps no state."""
