"""The messages of Envoy's external processing (envoy.service.ext_proc.v3): requests read, responses built."""

from collections.abc import Sequence
from enum import IntEnum

from cookiewarden.serve.wire.protobuf import BadMessage, field, number_field, read_message, varint

SERVICE = b"/envoy.service.ext_proc.v3.ExternalProcessor/Process"
"""Path of the only call of the service."""
COOKIE = b"cookie"
SET_COOKIE = b"set-cookie"


class Phase(IntEnum):
    """Parts of an exchange that Envoy asks about: numbers of the fields in ProcessingRequest. The answer has the same
    number in ProcessingResponse, minus one."""

    REQUEST_HEADERS = 2
    RESPONSE_HEADERS = 3
    REQUEST_BODY = 4
    RESPONSE_BODY = 5
    REQUEST_TRAILERS = 6
    RESPONSE_TRAILERS = 7


_OBSERVABILITY_MODE, _PROTOCOL_CONFIG = 10, 11
_STREAMED_BY_PROCESSOR = frozenset({4, 5})
"""Body modes in which the body is what the processor sends: FULL_DUPLEX_STREAMED and GRPC."""
_BREAKS = bytes.maketrans(b"\r\n", b"\0\0")


class ProcessingRequest:
    """A message of Envoy."""

    __slots__ = ("end_of_stream", "headers", "is_observed", "owns_body", "phase")

    def __init__(self) -> None:
        self.phase = 0
        """A `Phase`, or 0 if the message has none that is known."""
        self.headers: list[tuple[bytes, bytes]] = []
        """Fields of a head, with pseudo-fields such as `:path`."""
        self.end_of_stream = False
        """True if the head has no body."""
        self.is_observed = False
        """True if Envoy waits for no answer (observability_mode)."""
        self.owns_body = False
        """True if Envoy takes the body from the answers, so that an empty answer would lose it."""


def read_request(message: bytes) -> ProcessingRequest:
    """Parse a ProcessingRequest. Raises BadMessage."""
    request = ProcessingRequest()
    for number, value, octets in read_message(message):
        if number == Phase.REQUEST_HEADERS or number == Phase.RESPONSE_HEADERS:
            request.phase = number
            _read_headers(request, octets)
        elif Phase.REQUEST_BODY <= number <= Phase.RESPONSE_TRAILERS:
            request.phase = number
        elif number == _OBSERVABILITY_MODE:
            request.is_observed = value != 0
        elif number == _PROTOCOL_CONFIG:
            modes = [mode for name, mode, _ in read_message(octets) if name <= 2]
            request.owns_body = not _STREAMED_BY_PROCESSOR.isdisjoint(modes)
    return request


def _read_headers(request: ProcessingRequest, octets: bytes) -> None:
    """Parse an HttpHeaders message: its HeaderMap and end_of_stream."""
    for number, value, inner in read_message(octets):
        if number == 1:
            request.headers += [_header(header) for name, _, header in read_message(inner) if name == 1]
        elif number == 3:
            request.end_of_stream = value != 0


def _header(message: bytes) -> tuple[bytes, bytes]:
    """Parse a HeaderValue. Envoy writes `raw_value`, and before 1.31 `value`."""
    name = value = b""
    for number, _, octets in read_message(message):
        if number == 1:
            name = octets
        elif number == 2 or number == 3:
            value = octets or value
    if b"\0" in name.translate(_BREAKS) or b"\0" in value.translate(_BREAKS):
        raise BadMessage("a header field has a line break")  # it cannot come from HTTP
    return name, value


# Answers

_TRUE = number_field(1, 1)
_APPEND = field(2, _TRUE)
"""`append: true`. Envoy 1.33 to 1.40 ignores `append_action` in answers (envoyproxy/envoy#38946)."""
_REMOVE_SET_COOKIE = field(2, SET_COOKIE)
_SET_COOKIE_KEY = field(1, SET_COOKIE)
_COOKIE_KEY = field(1, COOKIE)
REMOVE_COOKIE = field(2, COOKIE)
"""HeaderMutation that removes the Cookie field."""


def set_cookie_mutation(lines: Sequence[bytes]) -> bytes:
    """Return the HeaderMutation that replaces all Set-Cookie fields by these values, in order."""
    parts = [_REMOVE_SET_COOKIE]
    for line in lines:
        header = field(1, _SET_COOKIE_KEY + field(3, line)) + _APPEND
        parts += (b"\x0a", varint(len(header)), header)
    return b"".join(parts)


def cookie_mutation(value: bytes | None) -> bytes:
    """Return the HeaderMutation that replaces the Cookie field, or removes it if `value` is None."""
    return REMOVE_COOKIE if value is None else field(1, field(1, _COOKIE_KEY + field(3, value)))


def answer(phase: int, mutation: bytes = b"", metadata: bytes = b"") -> bytes:
    """Return a ProcessingResponse for a phase. `mutation`: a HeaderMutation; without one nothing changes. `metadata`:
    a Struct, as from `namespace`."""
    common = field(1, field(2, mutation)) if mutation else b""
    return field(phase - 1, common) + (field(8, metadata) if metadata else b"")


def immediate_answer(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return the ProcessingResponse that makes Envoy answer the request itself."""
    options = b"".join(field(1, field(1, field(1, name) + field(3, value))) for name, value in headers)
    immediate = field(1, number_field(1, status)) + field(2, options)
    return field(7, immediate + (field(3, body) if body else b"") + field(5, b"cookiewarden"))


def namespace(texts: dict[str, str]) -> bytes:
    """Return a Struct with one member, `cookiewarden`, a Struct of these texts."""
    inner = b"".join(_member(name, field(3, text.encode())) for name, text in texts.items())
    return _member("cookiewarden", field(5, inner))


def _member(name: str, value: bytes) -> bytes:
    """Encode an entry of Struct.fields. `value`: an encoded Value."""
    return field(1, field(1, name.encode()) + field(2, value))
