"""The guard's reading of requests and responses, and its memos."""

import time

import pytest

from cookiewarden.core.engine.engine import Engine
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.own_pages import visit
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.visit import visit_of
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.request_head import RequestHead, read_again, read_request
from cookiewarden.serve.wire.response_head import read_response
from tests.support.policies import policy

LIMITS = Limits(32_768, 16_384, 128)
GUARD, OTHER = (
    Guard(Engine(policy(f"version: 1\ninject_guard: true\ncookies: [{{name: {name}}}]\n"), None, time.time(), None))
    for name in ("a", "b")
)
COUNTED = Metrics(Labels(10)).guard_pages
ASK = b"%b / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic CANARY\r\nAccept: %b\r\n\r\n"
HTML = ASK % (b"GET", b"text/html")


def asked(data: bytes, last: RequestHead | None = None) -> RequestHead:
    found = read_again(data, LIMITS, last) if last is not None else None
    return found or read_request(data, LIMITS)


def test_the_next_request_on_a_connection_has_the_reading_of_the_last_one() -> None:
    first = asked(HTML)
    assert visit_of(GUARD, first, COUNTED) is not None
    second = asked(HTML.replace(b"GET / ", b"GET /b "), first)
    assert second.asked is first.asked is not None
    visited = visit_of(GUARD, second, COUNTED)
    assert visited is not None and second.asked is first.asked
    assert (
        visited.request_fields() == b"\r\nAuthorization: Basic CANARY\r\nAccept: text/html\r\nAccept-Encoding: identity"
    )
    assert asked(HTML).asked is None  # another connection


def test_another_method_another_guard_and_other_fields_are_read_again() -> None:
    first = asked(HTML)
    assert visit_of(GUARD, first, COUNTED) is not None
    put = asked(ASK % (b"PUT", b"text/html"), first)
    assert visit_of(GUARD, put, COUNTED) is None
    other = asked(HTML, first)
    assert visit_of(OTHER, other, COUNTED) is not None and other.asked is not first.asked
    image = asked(ASK % (b"GET", b"image/png"), first)
    assert visit_of(GUARD, image, COUNTED) is None
    changed = asked(HTML, first)
    changed.fields = b"\r\nAccept: */*"
    assert visit_of(GUARD, changed, COUNTED) is None


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (b"Location: /cb?code=CANARY", True),
        (b"Content-Disposition: attachment; filename=CANARY", False),
        (b"content-disposition:attachment", False),
        (b"Content-Disposition: inline; filename=CANARY", True),
        (b"X-Secret: CANARY", True),
        (b"Set-Cookie: sid=CANARY", True),
        (b"Content-Security-Policy: script-src 'nonce-CANARY'", True),
    ],
)
def test_the_memo_of_responses_has_no_value_of_a_visitor(
    monkeypatch: pytest.MonkeyPatch, field: bytes, shown: bool
) -> None:
    keys: list[object] = []

    def read(status: int, found: tuple[tuple[bytes, ...], ...]) -> visit.Shown:
        keys.append(found)
        return visit._read_response(status, found)

    monkeypatch.setattr(visit, "_read_response_again", read)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n%b\r\n\r\n" % field
    visited = visit_of(GUARD, asked(HTML), COUNTED)
    assert visited is not None
    page = visited.page(read_response(head, LIMITS, False), b"<html>", b"a", True)
    assert (page is not None) == shown
    assert b"CANARY" not in repr(keys).encode()


@pytest.mark.parametrize("location", [b"", b" ", b"\t", b" /x", b"/x"])
def test_a_redirect_has_an_address(location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\nLocation:%b\r\n\r\n" % location
    visited = visit_of(GUARD, asked(HTML), COUNTED)
    assert visited is not None
    page = visited.page(read_response(head, LIMITS, False), b"<html>", b"a", True)
    assert (page is None) == bool(location.strip())
