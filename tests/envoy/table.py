"""Measure which exchanges are judged behind each version of Envoy, for the table in deploy/envoy.md.

python -m tests.envoy.table      (print the table)
"""

import contextlib
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.envoy.clients import Answer, Fields, Http1, Http2
from tests.envoy.envoys import ENVOYS, Running, manager, running
from tests.support import policies
from tests.support.origin import Origin, OriginConnection
from tests.support.process import free_port

POLICY = "version: 1\npolicy: table\ncookies: [{name: sid, secure: true}]\n"
ROGUE, SID = b"rogue=CANARY", b"sid=CANARY"
COOKIES = b"Set-Cookie: rogue=CANARY\r\nSet-Cookie: sid=CANARY\r\n"
LARGE = 12 << 20
JUDGED, UNCHANGED, DROPPED = "judged", "not judged", "not forwarded by Envoy"
Outcome = str


def application(connection: OriginConnection) -> None:
    """Answer each path with one kind of response."""
    while (head := connection.read_head()) is not None:
        target = head.split(b" ", 2)[1]
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if length:
            connection.read(int(length[1]))
        elif b"chunked" in head:
            connection.read_chunked()
        if target == b"/103":
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n" + COOKIES + b"\r\n")
        if target == b"/101":
            connection.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + COOKIES + b"\r\n"
            )
            connection.send(connection.socket.recv(4))
            return
        if target == b"/304":
            connection.send(b"HTTP/1.1 304 Not Modified\r\n" + COOKIES + b"\r\n")
        elif target == b"/large":
            connection.send(b"HTTP/1.1 200 OK\r\n" + COOKIES + b"Content-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE)
        elif target == b"/upload":
            connection.send(b"HTTP/1.1 200 OK\r\n" + COOKIES + b"Content-Length: 8\r\n\r\n%8d" % LARGE)
        elif target == b"/endless":
            connection.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                + COOKIES
                + b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(20):
                connection.send(b"6\r\ndata:\n\r\n")
                time.sleep(0.1)
            connection.send(b"0\r\n\r\n")
        elif head.startswith(b"HEAD "):
            connection.send(b"HTTP/1.1 200 OK\r\n" + COOKIES + b"Content-Length: 5\r\n\r\n")
        elif target.startswith(b"/trailers"):
            connection.send(
                b"HTTP/1.1 200 OK\r\n"
                + COOKIES
                + b"Trailer: Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: rogue=CANARY\r\n\r\n"
            )
        else:
            connection.send(b"HTTP/1.1 200 OK\r\n" + COOKIES + b"Content-Length: 2\r\n\r\nok")


@dataclass(frozen=True)
class Row:
    """A kind of exchange."""

    name: str
    outcome: Callable[[Running], Outcome]


def _of(answer: Answer, status: int = 200) -> Outcome:
    """Return the outcome for a response with both cookies."""
    assert answer.status == status and answer.is_complete, answer
    found = answer.all(b"set-cookie")
    if found == [SID + b"; Secure"]:
        return JUDGED
    return UNCHANGED if found == [ROGUE, SID] else DROPPED if not found else f"unexpected: {len(found)} cookies"


def ask(
    path: bytes,
    status: int = 200,
    method: bytes = b"GET",
    client: type[Http1] | type[Http2] = Http1,
    fields: Fields | None = None,
    body: bytes = b"",
) -> Callable[[Running], Outcome]:
    def outcome(envoy: Running) -> Outcome:
        with contextlib.closing(client(envoy.port)) as connection:
            return _of(connection.ask(path, fields or [], method, body=body), status)

    return outcome


def early_hints(envoy: Running) -> Outcome:
    with contextlib.closing(Http1(envoy.port)) as connection:
        answer = connection.ask(b"/103")
        assert answer.all(b"set-cookie") == [SID + b"; Secure"]
        return "forwarded" if 103 in answer.interim else DROPPED


def websocket(envoy: Running) -> Outcome:
    with contextlib.closing(Http1(envoy.port)) as connection:
        upgrade = [
            (b"Connection", b"Upgrade"),
            (b"Upgrade", b"websocket"),
            (b"Sec-WebSocket-Key", b"x"),
            (b"Sec-WebSocket-Version", b"13"),
        ]
        answer = connection.ask(b"/101", upgrade)
        connection.socket.sendall(b"ping")
        assert connection._exactly(4) == b"ping"
        return _of(answer, 101)


def endless(envoy: Running) -> Outcome:
    """Read a stream of two seconds, which is longer than the timeout of a message."""
    with contextlib.closing(Http1(envoy.port)) as connection:
        answer = connection.ask(b"/endless")
        assert answer.body == b"data:\n" * 20
        return _of(answer)


def request(method: bytes = b"GET") -> Callable[[Running], Outcome]:
    """Return the outcome for a request's cookies, by the metrics."""

    def outcome(envoy: Running) -> Outcome:
        def stripped() -> float:
            name = 'cookiewarden_cookies_total{action="strip",cookie="__undeclared__",direction="request"}'
            return envoy.metrics()[name]

        before = stripped()
        with contextlib.closing(Http1(envoy.port)) as connection:
            connection.ask(b"/", [(b"Cookie", b"rogue=CANARY")], method)
        return JUDGED if stripped() == before + 1 else UNCHANGED

    return outcome


ROWS = (
    Row("responses of the application, HTTP/1.1", ask(b"/")),
    Row("responses of the application, HTTP/2", ask(b"/", client=Http2)),
    Row("requests", request()),
    Row("responses to HEAD", ask(b"/", method=b"HEAD")),
    Row("304 Not Modified", ask(b"/304", 304)),
    Row("103 Early Hints", early_hints),
    Row("101, WebSocket", websocket),
    Row("responses of 12 MB", ask(b"/large")),
    Row("requests of 12 MB", ask(b"/upload", method=b"POST", body=b"x" * LARGE)),
    Row("streams without an end", endless),
    Row("responses with trailers", ask(b"/trailers")),
    Row("gRPC-Web", ask(b"/", method=b"POST", fields=[(b"content-type", b"application/grpc-web+proto")], body=b"\0\0\0\0\0")),
    Row("gRPC", ask(b"/", method=b"POST", client=Http2, fields=[(b"content-type", b"application/grpc"), (b"te", b"trailers")], body=b"\0\0\0\0\0")),
    Row("Envoy's own 404, with cookies that its routes add", ask(b"/own/404", 404)),
    Row("Envoy's own redirect, with cookies that its routes add", ask(b"/own/redirect", 301)),
    Row("Envoy's own 503, with cookies that its routes add", ask(b"/own/503", 503)),
)  # fmt: skip


def routes(config: dict[str, Any]) -> None:
    """Add routes with answers of Envoy itself, which have cookies, and a cluster without a server."""
    added = [
        {"header": {"key": "set-cookie", "value": value.decode()}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
        for value in (ROGUE, SID)
    ]
    host = manager(config)["route_config"]["virtual_hosts"][0]
    host["routes"][:0] = [
        {"match": {"path": "/own/404"}, "direct_response": {"status": 404}, "response_headers_to_add": added},
        {"match": {"path": "/own/redirect"}, "redirect": {"path_redirect": "/"}, "response_headers_to_add": added},
        {"match": {"path": "/own/503"}, "route": {"cluster": "nobody"}, "response_headers_to_add": added},
    ]
    nobody = {"socket_address": {"address": "127.0.0.1", "port_value": free_port()}}
    config["static_resources"]["clusters"].append(
        {
            "name": "nobody",
            "type": "STATIC",
            "load_assignment": {
                "cluster_name": "nobody",
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": nobody}}]}],
            },
        }
    )
    for route in host["routes"]:
        if "route" in route:
            route["route"]["timeout"] = "0s"


def measured(version: str) -> dict[str, Outcome]:
    """Return the outcome of each row with a version of Envoy."""
    origin = Origin(application)
    with tempfile.TemporaryDirectory() as name, contextlib.closing(origin):
        folder = Path(name)
        path = folder / "policy.yaml"
        path.write_text(POLICY)
        with running(version, policies.policy(POLICY), path, folder, origin.port, edit=routes) as envoy:
            return {row.name: row.outcome(envoy) for row in ROWS}


def table() -> list[str]:
    """Return the lines of the table."""
    found = {version: measured(version) for version in ENVOYS}
    head = [
        "| Exchange | " + " | ".join(f"Envoy {version}" for version in found) + " |",
        "|---" * (1 + len(found)) + "|",
    ]
    return head + [f"| {row.name} | " + " | ".join(found[v][row.name] for v in found) + " |" for row in ROWS]


if __name__ == "__main__":
    print("\n".join(table()))
    sys.exit(0)
