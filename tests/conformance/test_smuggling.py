"""Requests that two parsers might read differently, by RFC 9110 and 9112.

Each is refused or forwarded as one normalised request. The origin never sees bytes of a second one."""

import base64
import contextlib
import re
import time
from dataclasses import dataclass, field

import pytest

from tests.conformance.wire import BUSY, Differs, Wire, expect
from tests.support.conformance import cases
from tests.support.origin import OriginConnection

ROWS = cases("smuggling-public.jsonl")


@dataclass
class Recorded:
    """A request as read by a lenient origin: lines may end in LF, and chunks override a length."""

    line: bytes
    raw: bytearray
    body: bytes = b""
    complete: bool = False
    encodings: list[bytes] = field(default_factory=list)
    lengths: list[bytes] = field(default_factory=list)


class Recorder:
    def __init__(self) -> None:
        self.requests: list[Recorded] = []

    def __call__(self, connection: OriginConnection) -> None:
        with connection.socket.makefile("rb") as file:
            while line := file.readline(1 << 20):
                if line.strip(b"\r\n"):
                    self._request(connection, file, line)

    def _request(self, connection: OriginConnection, file, line: bytes) -> None:
        seen = Recorded(line.rstrip(b"\r\n"), bytearray(line))
        fields = []
        while (field_line := file.readline(1 << 20)) not in (b"\r\n", b"\n", b""):
            seen.raw += field_line
            name, _, value = field_line.partition(b":")
            fields.append((name.strip().lower(), value.strip()))
        seen.encodings = [value for name, value in fields if name == b"transfer-encoding"]
        seen.lengths = [value for name, value in fields if name == b"content-length"]
        self.requests.append(seen)
        if any(name == b"expect" for name, _ in fields):
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._body(file, seen):
            raise EOFError
        seen.complete = True
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if line.startswith(b"HEAD") else b"ok"))

    def _body(self, file, seen: Recorded) -> bool:
        if not seen.encodings:
            octets = int(seen.lengths[0]) if seen.lengths else 0
            seen.body = file.read(octets)
            seen.raw += seen.body
            return len(seen.body) == octets
        while True:
            size = file.readline(1 << 20)
            seen.raw += size
            octets = int(size.split(b";")[0].strip() or b"0", 16) if size else 0
            if octets == 0:
                break
            data = file.read(octets)
            seen.body += data
            seen.raw += data
            if len(data) < octets:
                return False
            file.readline()
        while (trailer := file.readline(1 << 20)) not in (b"\r\n", b"\n", b""):
            seen.raw += trailer
        return bool(size)


DRIPPED = 2000
"""Octets at the beginning and at the end of a request that are sent one by one."""


def exchange(wire: Wire, case: dict, drip: bool, silence: float) -> tuple[list[int], bool]:
    """Return the statuses of the answers except 100, and whether the proxy closed the connection."""
    answer, closed = bytearray(), False
    with wire.client() as client:
        with contextlib.suppress(OSError):
            raw = base64.b64decode(case["raw_b64"])
            if drip:
                # Of a long request the middle is one piece: in single octets, a busy machine may take longer than a
                # head may last.
                middle = slice(DRIPPED, max(len(raw) - DRIPPED, DRIPPED))
                client.drip(raw[: middle.start])
                client.send(raw[middle])
                client.drip(raw[middle.stop :])
            else:
                client.send(raw)
            if case.get("half_close"):
                client.socket.shutdown(1)
        client.socket.settimeout(silence)
        try:
            while more := client.socket.recv(65536):
                answer += more
            closed = True
        except TimeoutError:
            pass
        except OSError:
            closed = True
    statuses = [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d{3})", answer) if s != b"100"]
    return statuses, closed


def judge(wire: Wire, case: dict, drip: bool) -> None:
    """Judge a case, and once more with a longer wait, in case the machine was busy. Raises Differs."""
    try:
        _judge(wire, case, drip, 0.3)
    except Differs:
        time.sleep(BUSY / 3)  # a late request of the first exchange would be counted in the second one
        _judge(wire, case, drip, BUSY)


def _judge(wire: Wire, case: dict, drip: bool, silence: float) -> None:
    recorder = Recorder()
    wire.behind(recorder)
    statuses, closed = exchange(wire, case, drip, silence)
    last = statuses[-1] if statuses else 0
    # On a busy machine, a long head in single octets may take longer than the proxy waits for a head.
    is_late = drip and last == 408
    said_no = is_late or last in case.get("status", ()) or (last == 0 and closed and case.get("close_ok", True))
    refused = case["required"] != "forward" and said_no
    seen = recorder.requests
    complete = [request for request in seen if request.complete]
    if case.get("smuggle", True):
        expect(not any(b"/smuggled" in request.line for request in seen), "SMUGGLED")
    expect(not any(request.encodings and request.lengths for request in seen), "two framings")
    if case["required"] == "reject":
        expect(refused, last)
        expect(len(complete) <= case.get("origin_requests", 0), f"saw {len(complete)}")
        return
    if not refused:
        wanted = case["origin_requests"]
        few = not complete or (case["required"] == "forward" and len(complete) != wanted)
        expect(not few and len(complete) <= wanted, f"{last}, saw {len(complete)}")
        told(complete[-1], case)
    for forbidden in case.get("never_upstream_b64", ()):
        octets = base64.b64decode(forbidden).lower()
        expect(not any(octets in bytes(request.raw).lower() for request in seen), "forbidden bytes")


def told(request: Recorded, case: dict) -> None:
    """Check that the origin got the expected request."""
    if case.get("origin_body_b64") is not None:
        expect(request.body == base64.b64decode(case["origin_body_b64"]), "another body")
    method, target, *_ = [*request.line.decode("latin-1").split(" "), ""]
    expect(case.get("origin_method") in (None, "", method), "another method")
    expect(case.get("origin_target") in (None, "", target), "another target")


@pytest.mark.row(23)
@pytest.mark.parametrize("case", ROWS)
def test_a_request_is_refused_or_forwarded_as_one(wire: Wire, case: dict) -> None:
    """Refuse a blank after a chunk size, a bare LF pair and user information in Host, which the others forward."""
    judge(wire, case, drip=False)


@pytest.mark.row(23)
@pytest.mark.parametrize("case", ROWS)
def test_a_request_in_single_octets_is_refused_or_forwarded_as_one(ours: Wire, case: dict) -> None:
    judge(ours, case, drip=True)
