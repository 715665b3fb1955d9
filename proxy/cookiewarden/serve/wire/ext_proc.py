"""The messages of Envoy's external processing (envoy.service.ext_proc.v3): requests read, responses built."""

from collections.abc import Sequence
from enum import IntEnum

from cookiewarden.serve.wire.protobuf import BadMessage, field, number_field, read_message, varint

SERVICE = b"/envoy.service.ext_proc.v3.ExternalProcessor/Process"
"""Path of the only call of the service."""
COOKIE = b"cookie"
SET_COOKIE = b"set-cookie"


class Part(IntEnum):
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
"""Body modes in which Envoy takes the body from the answers: FULL_DUPLEX_STREAMED and GRPC."""


class ProcessingRequest:
    """A message of Envoy."""

    __slots__ = ("end_of_stream", "headers", "is_observed", "owns_body", "part")

    def __init__(self) -> None:
        self.part = 0
        """A `Part`, or 0 if the message has an unknown one."""
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
        if number == Part.REQUEST_HEADERS or number == Part.RESPONSE_HEADERS:
            request.part = number
            _read_headers(request, octets)
        elif Part.REQUEST_BODY <= number <= Part.RESPONSE_TRAILERS:
            request.part = number
        elif number == _OBSERVABILITY_MODE:
            request.is_observed = value != 0
        elif number == _PROTOCOL_CONFIG:
            modes = [mode for name, mode, _ in read_message(octets) if name <= 2]
            request.owns_body = not _STREAMED_BY_PROCESSOR.isdisjoint(modes)
    return request


def _read_headers(request: ProcessingRequest, octets: bytes) -> None:
    """Parse an HttpHeaders message: its HeaderMap and end_of_stream. Raises BadMessage."""
    headers = request.headers
    for number, value, inner in read_message(octets):
        if number == 1:
            headers += _header_map(inner)
        elif number == 3:
            request.end_of_stream = value != 0
    text = b"".join([name + value for name, value in headers])
    if b"\n" in text or b"\r" in text or b"\0" in text:
        raise BadMessage("a header field has a line break or NUL")  # it cannot come from HTTP


def _header_map(data: bytes) -> list[tuple[bytes, bytes]]:
    """Parse a HeaderMap. Raises BadMessage.

    Envoy writes each HeaderValue as key and raw_value, with lengths of one or two octets. Reading these here takes a
    fifth of the time of `read_message`, which reads the rest."""
    headers: list[tuple[bytes, bytes]] = []
    at, size = 0, len(data)
    try:
        while at < size:
            length, begin = data[at + 1], at + 2
            if length >= 0x80:
                length, begin = length + (data[begin] << 7) - 0x80, begin + 1
            end = begin + length
            name_end = begin + 2 + data[begin + 1]
            octets, value_at = data[name_end + 1], name_end + 2
            if octets >= 0x80:
                octets, value_at = octets + (data[value_at] << 7) - 0x80, value_at + 1
            is_usual = data[at] == data[begin] == _FIELD_1 and data[name_end] == _FIELD_3 and data[begin + 1] < 0x80
            if not is_usual or max(length, octets) >= _THREE_OCTETS or value_at + octets != end or end > size:
                break
            headers.append((data[begin + 2 : name_end], data[value_at:end]))
            at = end
    except IndexError:  # the message is cut off
        pass
    if at < size:
        headers += [_header(header) for number, _, header in read_message(data[at:]) if number == 1]
    return headers


_FIELD_1, _FIELD_3 = 1 << 3 | 2, 3 << 3 | 2
"""First octets of the length-delimited fields 1 and 3."""
_THREE_OCTETS = 1 << 14
"""The least length whose varint has three octets."""


def _header(message: bytes) -> tuple[bytes, bytes]:
    """Parse a HeaderValue. Envoy writes `raw_value`, and before 1.31 `value`. Raises BadMessage."""
    name = value = b""
    for number, _, octets in read_message(message):
        if number == 1:
            name = octets
        elif number == 2 or number == 3:
            value = octets or value
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


class _Openings(dict[int, bytes]):
    """The octets before a Set-Cookie value in a HeaderMutation, by length of the value."""

    def __missing__(self, octets: int) -> bytes:
        header = _SET_COOKIE_KEY + varint(3 << 3 | 2) + varint(octets)
        option = b"\x0a" + varint(len(header) + octets) + header
        self[octets] = opening = b"\x0a" + varint(len(option) + octets + len(_APPEND)) + option
        return opening


_openings = _Openings()


def set_cookie_mutation(lines: Sequence[bytes]) -> bytes:
    """Return the HeaderMutation that replaces all Set-Cookie fields by these values, in order. The values must not be
    longer than Envoy allows, because their lengths are remembered."""
    parts = [_REMOVE_SET_COOKIE]
    for line in lines:
        parts += (_openings[len(line)], line, _APPEND)
    return b"".join(parts)


def cookie_mutation(value: bytes | None) -> bytes:
    """Return the HeaderMutation that replaces the Cookie field, or removes it if `value` is None."""
    return REMOVE_COOKIE if value is None else field(1, field(1, _COOKIE_KEY + field(3, value)))


def answer(part: int, mutation: bytes = b"", metadata: bytes = b"") -> bytes:
    """Return a ProcessingResponse for a part. `mutation`: a HeaderMutation; without one nothing changes. `metadata`:
    a Struct, as from `namespace`."""
    common = field(1, field(2, mutation)) if mutation else b""
    return field(part - 1, common) + (field(8, metadata) if metadata else b"")


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
