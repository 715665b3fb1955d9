"""The sources of inputs: messages that are valid, or invalid in known ways, and their mutations."""

import base64
import json
import random
from collections.abc import Iterator

from tests.conformance.test_requests import CHUNKS, FIELDS, FRAMING, REQUEST_LINES
from tests.conformance.test_responses import RESPONSES
from tests.serve.own_pages.test_injector import PAGES
from tests.serve.test_guard import ASKED
from tests.serve.test_proxy_protocol import BAD, GOOD
from tests.support.conformance import CONFORMANCE


def seeds() -> dict[str, list[bytes]]:
    """Return the first inputs by target."""
    requests = [case.sent for case in (*REQUEST_LINES, *FIELDS, *FRAMING)]
    responses = [case.sent for case in RESPONSES if len(case.sent) < 2000]
    for name, kind, found in (
        ("llhttp", "request", requests),
        ("llhttp", "response", responses),
        ("smuggling-public", "", requests),
    ):
        path = CONFORMANCE / f"{name}.jsonl"
        if path.exists():
            with path.open() as lines:
                cases = [case for case in map(json.loads, lines) if not kind or case["kind"] == kind]
            found += [raw for raw in (base64.b64decode(case["raw_b64"]) for case in cases) if len(raw) < 4000]
    bodies = [case.sent.partition(b"\r\n\r\n")[2] for case in CHUNKS]
    return {
        "request": requests,
        "response": responses,
        "chunks": bodies,
        "balancer": [*(g for g, _ in GOOD), *BAD],
        "page": [text.replace("|", "").encode() for text in PAGES],
        "conditions": [
            came[0].partition(": ")[2].replace("~", "--cw-0123456789abcdef").encode() for _, came, _ in ASKED
        ],
    }


WORDS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"=", b"\r\n\r\n", b"\r\n ", b"HTTP/1.1", b"HTTP/1.0",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length:", b"Connection: close, x\r\n",
    b"Host: b\r\n", b"Cookie: a=b; c\r\n", b"Set-Cookie: a=b; Path=/\r\n", b"Set-Cookie: a=\x01\r\n", b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n", b"TE: trailers\r\n", b"X-Forwarded-Proto: https\r\n", b"0\r\n\r\n", b"ffff", b"-1", b"\xff", b"\x80",
    b"http://a/", b"*", b"#", b"%00", b"101", b"204", b"304", b"100", b"\r\n\r\n\0\r\nQUIT\n", b"PROXY ", b"\x7f", b"\x0b",
]  # fmt: skip


def inputs(found: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Yield changed seeds without end: octets flipped, dropped, doubled, spliced, and protocol words inserted."""
    while True:
        data = bytearray(chance.choice(found))
        for _ in range(chance.randint(1, 5)):
            at = chance.randint(0, len(data))
            change = chance.randrange(6)
            if change == 0:
                data[at:at] = chance.choice(WORDS)
            elif change == 1:
                data[at : at + chance.randint(1, 4)] = b""
            elif change == 2 and at < len(data):
                data[at] = chance.randrange(256)
            elif change == 3:
                data[at:at] = data[max(0, at - chance.randint(1, 40)) : at]
            elif change == 4:
                other = chance.choice(found)
                data[at:] = other[chance.randint(0, len(other)) :]
            else:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 3)))
        yield bytes(data[:8192])
