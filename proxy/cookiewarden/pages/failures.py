"""Words for the errors of the application and of clients, by the reasons of the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """An error by its reason."""

    meaning: str
    status: int = 0
    """Status of the proxy's response; 0 if the response had begun, or if there was none."""
    state: str = ""
    """State of the application if all requests end like this, for a title."""


DOWN, INVALID = "application down", "responses not valid"

UPSTREAM_FAILURES: Mapping[str, Failure] = {
    "connect": Failure("connection refused, unreachable, or the name does not resolve", 502, DOWN),
    "connect_timeout": Failure("no connection within --connect-timeout", 504, DOWN),
    "tls": Failure("TLS handshake failed, or the certificate is not valid", 502, "TLS to the application fails"),
    "pool": Failure("no free connection within --pool-timeout", 503, "no free connection to the application"),
    "read_timeout": Failure("no data within --read-timeout", 504, "application does not respond"),
    "closed": Failure("connection closed before the response began", 502, "application closes connections"),
    "stale": Failure(
        "reused connection closed, and the request cannot be repeated", 502, "application closes connections"
    ),
    "truncated": Failure("connection closed, or invalid chunk, in the middle of the response", 0, "responses cut"),
    "surplus": Failure("data after the end of the response; the response is complete"),
    "bad_response": Failure("invalid HTTP", 502, INVALID),
    "bad_response_header": Failure("invalid header field", 502, INVALID),
    "head_too_large": Failure("response head over --max-head, --max-field or --max-fields", 502, INVALID),
}

CLIENT_FAILURES: Mapping[str, Failure] = {
    "abort": Failure("client closed the connection before the end of the response"),
    "bad_request": Failure("invalid HTTP", 400),
    "not_implemented": Failure("unknown method, CONNECT, or a transfer coding other than chunked", 501),
    "version": Failure("HTTP version other than 1.0 and 1.1", 505),
    "head_too_large": Failure("request head over --max-head, --max-field, --max-fields or --max-cookies", 431),
    "header_timeout": Failure("request head incomplete after --header-timeout", 408),
    "body_too_large": Failure("request body over --max-request-body", 413),
    "client_timeout": Failure("client stalled for --client-timeout", 408),
    "overload": Failure("more than --max-connections connections", 503),
    "proxy_protocol": Failure("connection without the header that --proxy-protocol requires"),
    "tls": Failure("TLS handshake failed"),
}
