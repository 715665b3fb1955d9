"""Heads as the code of both drivers knows them, built from the fields that Envoy sends."""

from cookiewarden.core.engine.memo import SetCookieLines
from cookiewarden.serve.wire.ext_proc import COOKIE, SET_COOKIE, ProcessingRequest
from cookiewarden.serve.wire.head import Framing, are_in_values
from cookiewarden.serve.wire.request_head import RequestHead
from cookiewarden.serve.wire.response_head import ResponseHead, cut_at_value, shapes

AFTER = b"\r\nset-cookie: "
"""The octets before each Set-Cookie value of a response in `parts[1]`."""
BEFORE = b"\r\nSet-Cookie: "
"""The octets before each value that expires a cookie, at the end of `parts[0]`."""
_SCHEMES = {b"https": True, b"http": False}


def request_of(asked: ProcessingRequest, https: bool) -> tuple[RequestHead, bool]:
    """Return the head of a request, and whether its browser uses HTTPS. `https`: the scheme if no field states it.

    Envoy overwrites X-Forwarded-Proto unless it trusts the peer, so its value is the browser's scheme."""
    request = RequestHead.unknown()
    request.framing = Framing.NONE if asked.end_of_stream else Framing.CHUNKED
    lines: list[bytes] = []
    scheme = forwarded = None
    for name, value in asked.headers:
        if name == COOKIE:
            request.cookies.append(value)
        elif name.startswith(b":"):
            if name == b":path":
                request.path = value
            elif name == b":authority":
                request.host = value
            elif name == b":method":
                request.method = value
            elif name == b":scheme":
                scheme = _SCHEMES.get(value.lower())
        else:
            lines += (b"\r\n", name, b": ", value)
            if name == b"x-forwarded-proto":
                forwarded = _SCHEMES.get(value.partition(b",")[0].strip(b" \t").lower())
    request.fields = b"".join(lines)
    seen = forwarded if forwarded is not None else scheme
    return request, https if seen is None else seen


def response_of(asked: ProcessingRequest) -> tuple[ResponseHead, list[bytes]]:
    """Return the head of a response, and the values of its Set-Cookie fields. `parts[0]` has the other fields, and
    `parts[1]` the place of the judged ones."""
    response = ResponseHead()
    response.status, response.http_1_1, response.keep_alive = 200, True, True
    response.framing, response.length, response.alt_svc = Framing.NONE, 0, b""
    response.upgrades, response.idle_seconds = (), None
    lines: list[bytes] = []
    shape: list[bytes] = []
    values: list[bytes] = []
    set_cookies: list[bytes] = []
    for name, value in asked.headers:
        if name == SET_COOKIE:
            set_cookies.append(value)
            if not are_in_values(value):  # control characters: no plan for other values may apply
                shape += (AFTER, value, b"")
                values.append(b"")
                continue
            before, after, tail = cut_at_value(value)
            shape += (AFTER, before, tail)
            values.append(after)
        elif name == b":status":
            response.status = int(value) if len(value) == 3 and value.isdigit() else 200
        else:
            lines += (b"\r\n", name, b": ", value)
    response.parts = [b"".join(lines), b""]
    response.cookies = [(1, SetCookieLines(shapes[tuple(shape)], values))] if set_cookies else []
    return response, set_cookies
