"""The fixed exchanges through a server, and the differences from the engine."""

import time

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from tests.envoy.clients import Http1, Http2
from tests.support import exchanges
from tests.support.origin import OriginConnection

EXCHANGES = exchanges.exchanges()


def application(connection: OriginConnection) -> None:
    """Answer `/n/NUMBER` with the Set-Cookie lines of the exchange, and with the Cookie fields as the body."""
    while (head := connection.read_head()) is not None:
        number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
        body = b"\n".join(line for line in head.split(b"\r\n") if line.lower().startswith(b"cookie:"))
        lines = b"".join(b"Set-Cookie: %b\r\n" % line.encode("latin-1") for line in EXCHANGES[number][1])
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n%bContent-Length: %d\r\n\r\n%b"
            % (lines, len(body), body)
        )


def wanted(engine: Engine, number: int) -> tuple[list[bytes], list[bytes]]:
    """Return the engine's Cookie field and Set-Cookie lines of an exchange."""
    request, response = EXCHANGES[number]
    fields = fields_of(request)
    of = Exchange(b"shop.example", b"/n/%d" % number, False, fields, b"GET")
    now = time.time()
    answered = [(b"content-type", b"text/html"), (b"cache-control", b"no-store")]
    answered += [(b"set-cookie", line.encode("latin-1")) for line in response]
    sent = [value for name, value in engine.on_request(fields, of, now).headers if name == b"cookie"]
    got = [value for name, value in engine.on_response(answered, of, now).headers if name.lower() == b"set-cookie"]
    return sent, got


def fields_of(request: list[str]) -> list[tuple[bytes, bytes]]:
    parts = (line.partition(":") for line in request)
    return [(name.lower().encode(), value.strip().encode("latin-1")) for name, _, value in parts]


def differing(connection: Http1 | Http2, engine: Engine) -> list[object]:
    found: list[object] = []
    for number, (request, _) in enumerate(EXCHANGES):
        answer = connection.ask(b"/n/%d" % number, fields_of(request))
        sent = [line.partition(b":")[2].strip() for line in answer.body.split(b"\n") if line]
        if (sent, answer.all(b"set-cookie")) != wanted(engine, number):
            found.append((number, sent, answer.all(b"set-cookie"), wanted(engine, number)))
    return found
