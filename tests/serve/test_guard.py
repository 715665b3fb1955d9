"""The script guard on the wire: answers with its tag, unchanged answers, and answers of the proxy itself."""

import gzip
import ipaddress
import re
import threading
import time

import pytest

from tests.support.client import Client, ask, get_once, status_of
from tests.support.origin import OriginConnection, answering
from tests.support.proxy import Proxy, Start
from tests.support.wait import PATIENCE

POLICY = """
version: 1
inject_guard: true
cookies:
  - {name: sid}
"""
PAGE = b"<!doctype html><html><head><title>x</title></head>"
TAG = re.compile(rb'<script src="/\.well-known/cookiewarden/guard\.js\?[0-9a-f]{16}"(?: nonce="[^"]*")?></script>')


def page(
    *fields: bytes, body: bytes = PAGE, kind: bytes = b"text/html; charset=utf-8", status: bytes = b"200 OK"
) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" not in head:
        return body
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            break
        text, body = text + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return text


def untyped(body: bytes, *fields: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def pages(proxy: Proxy) -> dict[str, float]:
    """Return the counts of pages by result, without zeros."""
    found = {
        result: proxy.sample("cookiewarden_guard_pages_total", result=result)
        for result in ("injected", "encoded", "csp", "not-html", "sniffed")
    }
    return {result: count for result, count in found.items() if count}


NAVIGATION = b"Sec-Fetch-Dest: document"
UNTOUCHED = [
    (page(), b"Sec-Fetch-Dest: image"),
    (page(), b"Accept: */*"),
    (page(kind=b"application/json"), NAVIGATION),
    (page(kind=b"text/html; charset=UTF-16"), NAVIGATION),
    (page(body="<html>".encode("utf-16")), NAVIGATION),
    (page(b"Content-Encoding: gzip", body=gzip.compress(PAGE, mtime=0)), NAVIGATION),
    (page(status=b"206 Partial Content"), NAVIGATION),
    (page(body=b""), NAVIGATION),
    (page(b"Content-Disposition: attachment; filename=x"), NAVIGATION),
    (page(b"Content-Disposition: ATTACHMENT "), NAVIGATION),
    (page(b"Location: /x", status=b"302 Found"), NAVIGATION),
    (page(body=PAGE, kind=b"*/*"), b"Sec-Fetch-Dest: empty"),
    (untyped(PAGE, b"X-Content-Type-Options: nosniff"), NAVIGATION),
    (untyped(b"plain text"), NAVIGATION),
]


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_page_that_a_navigation_gets_has_the_tag_and_else_every_octet(
    start: Start, status: bytes, version: bytes
) -> None:
    proxy, origin = start(page(b"X: y", status=status), POLICY)
    for _ in range(3):  # not remembered, and remembered
        answer = ask(proxy.port, get_once(NAVIGATION, b"Accept-Encoding: gzip, br", b"X: z", version=version))
        assert status_of(answer) == int(status[:3])
        body = body_of(answer)
        assert b"\r\nX: y\r\n" in answer and b"\r\nContent-Length: %d\r\n" % len(body) in answer
        assert len(TAG.findall(body)) == 1 and TAG.sub(b"", body) == PAGE
        assert body.index(b"<script") == body.index(b"<head>") + len(b"<head>")
    assert all(re.findall(rb"(?i)\r\naccept-encoding: ([^\r]*)", head) == [b"identity"] for head in origin.requests)
    assert all(b"\r\nX: z\r\n" in head for head in origin.requests)
    assert pages(proxy) == {"injected": 3}


@pytest.mark.parametrize(("answer", "field"), UNTOUCHED)
def test_everything_else_is_untouched(start: Start, answer: bytes, field: bytes) -> None:
    proxy, origin = start(answer, POLICY)
    got = ask(proxy.port, get_once(field, b"Accept-Encoding: gzip"))
    assert body_of(got) == answer.partition(b"\r\n\r\n")[2]
    assert TAG.search(got) is None
    assert (b"\r\nAccept-Encoding: gzip\r\n" in origin.requests[0]) == (field != NAVIGATION)


def test_without_the_key_pages_are_unchanged_and_no_path_is_reserved(start: Start) -> None:
    proxy, origin = start(page(), POLICY.replace("inject_guard: true", ""))
    assert ask(proxy.port, get_once(NAVIGATION)).endswith(PAGE)
    assert ask(proxy.port, get_once(path=b"/.well-known/cookiewarden/guard.js")).endswith(PAGE)
    assert len(origin.requests) == 2


def test_a_streamed_page_gets_the_tag_and_continues_piece_by_piece(start: Start) -> None:
    def streaming(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"<!doc", b"type html><ht", b"ml><head", b"><title>x</title>", b"more"):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")

    proxy, _ = start(streaming, POLICY)
    body = body_of(ask(proxy.port, get_once(NAVIGATION)))
    assert TAG.sub(b"|", body) == b"<!doctype html><html><head>|<title>x</title>more"


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("first", [0, 1, 9, 30, len(PAGE)])
def test_a_page_keeps_its_length_if_the_first_octets_show_the_place_of_the_tag(
    start: Start, first: int, version: bytes
) -> None:
    whole = page(body=PAGE + b"x" * 100_000)
    at = len(whole) - len(PAGE) - 100_000

    def sending(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(whole[:at])
        time.sleep(0.05)
        connection.send(whole[at : at + first])
        time.sleep(0.05)
        connection.send(whole[at + first :])

    proxy, _ = start(sending, POLICY)
    answer = ask(proxy.port, get_once(NAVIGATION, version=version))
    body = body_of(answer)
    assert len(TAG.findall(body)) == 1 and TAG.sub(b"", body) == PAGE + b"x" * 100_000
    has_length = b"\r\nContent-Length: %d\r\n" % len(body) in answer
    assert has_length == (first in (0, 30, len(PAGE)))
    assert has_length != (b"Transfer-Encoding: chunked" in answer) or version == b"1.0"


def test_a_page_whose_body_does_not_come_is_502(start: Start) -> None:
    def sending(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(page()[: -len(PAGE)])  # and the connection closes

    proxy, _ = start(sending, POLICY)
    assert status_of(ask(proxy.port, get_once(NAVIGATION))) == 502
    assert proxy.sample("cookiewarden_upstream_errors_total", reason="truncated") == 1


def test_a_page_whose_body_is_late_is_504(start: Start) -> None:
    def sending(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(page()[: -len(PAGE)])
        time.sleep(1.5)

    proxy, _ = start(sending, POLICY, read_timeout=0.3)
    assert status_of(ask(proxy.port, get_once(NAVIGATION))) == 504


def test_a_page_that_answers_an_upload_early_is_not_delayed(start: Start) -> None:
    def sending(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(page()[: -len(PAGE)])
        time.sleep(0.5)

    proxy, _ = start(sending, POLICY)
    head = b"POST / HTTP/1.1\r\nHost: shop.example\r\nSec-Fetch-Dest: document\r\nContent-Length: 9\r\n\r\n"
    assert status_of(ask(proxy.port, head)) == 200


RESULTS = [
    (page(), "injected"),
    (page(kind=b"TEXT/HTML foo"), "injected"),
    (page(b"Content-Encoding: identity"), "injected"),
    (page(b"Content-Encoding: identity, identity"), "injected"),
    (page(b"Content-Encoding: none"), "injected"),  # browsers show the body unchanged
    (page(b"Content-Encoding: none, br"), "encoded"),
    (page(b"Content-Disposition: attachment=x"), "injected"),  # Chromium shows it
    (page(b"Content-Security-Policy: script-src 'self'"), "injected"),
    (page(b"Content-Security-Policy: script-src 'nonce-abc'"), "injected"),
    (page(b"Content-Security-Policy: script-src http://shop.example"), "injected"),
    (page(b"Content-Security-Policy-Report-Only: script-src 'none'"), "injected"),
    (page(b"Content-Security-Policy: script-src https://cdn.example"), "csp"),
    (page(b"Content-Security-Policy: default-src *", b"Content-Security-Policy: script-src 'none'"), "csp"),
    (page(b"Content-Encoding: gzip", body=gzip.compress(PAGE, mtime=0)), "encoded"),
    (untyped(gzip.compress(PAGE, mtime=0), b"Content-Encoding: gzip"), "encoded"),
    (page(b"Content-Encoding: gzip", kind=b"image/svg+xml"), "not-html"),
    (page(kind=b"application/pdf"), "not-html"),
    (page(kind=b"application/xhtml+xml"), "not-html"),
    (page(kind=b"text/html; charset=UCS-2"), "not-html"),
    (page(body="\ufeff<html>".encode("utf-16-le")), "not-html"),
    (untyped(PAGE), "sniffed"),
    (page(kind=b"*/*"), "sniffed"),
    (page(kind=b"unknown/unknown"), "sniffed"),
    (page(kind=b"application/x-unknown-content-type"), "sniffed"),  # in Firefox
    (untyped(PAGE, b"Content-Security-Policy: script-src 'none'"), "csp"),
    (untyped(PAGE, b"X-Content-Type-Options: nosniff"), "not-html"),
    (untyped(b"plain text"), "not-html"),
    (untyped(b"<htm"), "not-html"),
    # not shown by browsers
    (page(b"Location: /x", status=b"303 See Other"), ""),
    (page(b"Content-Disposition: attachment"), ""),
    (page(status=b"206 Partial Content"), ""),
    (page(status=b"205 Reset Content"), ""),
    (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
    (b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', ""),
    (page(body=b""), ""),
    (untyped(b""), ""),
]


@pytest.mark.parametrize(("answer", "result"), RESULTS)
def test_each_page_is_counted_once_by_its_result(start: Start, answer: bytes, result: str) -> None:
    proxy, _ = start(answer, POLICY)
    assert proxy.scrape().count("cookiewarden_guard_pages_total{") == 5  # each at 0
    got = ask(proxy.port, get_once(NAVIGATION))
    assert (TAG.search(got) is not None) is (result in ("injected", "csp", "sniffed"))
    assert pages(proxy) == ({result: 1} if result else {})
    ask(proxy.port, get_once(b"Sec-Fetch-Dest: empty"))
    assert pages(proxy) == ({result: 1} if result else {})


def test_the_tag_carries_the_nonce_that_the_page_has(start: Start) -> None:
    policy = b"Content-Security-Policy: script-src 'nonce-r4nd+/0m==' 'strict-dynamic', default-src 'nonce-r4nd+/0m=='"
    proxy, _ = start(page(policy), POLICY)
    tag = TAG.search(ask(proxy.port, get_once(NAVIGATION)))
    assert tag is not None and b' nonce="r4nd+/0m=="></script>' in tag[0]


@pytest.mark.parametrize("host", [b"", b"X-Forwarded-Host: www.shop.example:8443"])
def test_the_scripts_address_is_the_one_that_browsers_know(start: Start, host: bytes) -> None:
    proxy, _ = start(
        page(b"Content-Security-Policy: script-src https://www.shop.example:8443"),
        POLICY,
        trust_forwarded=(ipaddress.ip_network("127.0.0.0/8"),),
    )
    ask(proxy.port, get_once(NAVIGATION, b"X-Forwarded-Proto: https", *filter(None, [host])))
    assert pages(proxy) == {"injected" if host else "csp": 1}


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("begins", [b"  ", b"", b"<!-- x -->"])
def test_a_page_without_a_type_that_comes_in_pieces_is_held_until_its_kind_shows(
    start: Start, size: int, begins: bytes
) -> None:
    text = begins + b"<!doctype html><p>"

    def streaming(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(text), size):
            piece = text[at : at + size]
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            time.sleep(0.001)
        connection.send(b"0\r\n\r\n")

    proxy, _ = start(streaming, POLICY)
    body = body_of(ask(proxy.port, get_once(NAVIGATION)))
    assert TAG.sub(b"|", body) == begins + b"<!doctype html>|<p>"
    assert pages(proxy) == {"sniffed": 1}


# Validators. `~` stands for the ending with the revision in force, `!` for one of another.

ASKED = [
    # page request, fields that come, fields that the application gets
    # requests for the guard's own pages
    (True, ['If-None-Match: W/"a~"'], ['If-None-Match: W/"a"']),
    (True, ['If-None-Match: "a~", W/"b~"'], ['If-None-Match: "a", W/"b"']),
    (True, ['If-None-Match: W/"a!", W/"b~"'], ['If-None-Match: W/"b"']),
    (True, ['If-None-Match: W/"a!"'], []),
    (True, ['If-None-Match: W/"a!"', "If-Modified-Since: x"], []),
    (False, ['If-None-Match: W/"a~"'], ['If-None-Match: W/"a"']),
    (False, ['If-None-Match: W/"a!"', "If-Modified-Since: x"], []),
    (False, ['If-None-Match: W/"a!", "c"'], ['If-None-Match: "c"']),
    (False, ['if-none-match: W/"a!"', 'If-None-Match: "c"'], ['If-None-Match: "c"']),
    # a page from before the guard, and responses other than pages
    (True, ['If-None-Match: "a"', "If-Modified-Since: x"], []),
    (True, ['If-None-Match: a, "b~'], []),
    (True, ["If-None-Match: *"], ["If-None-Match: *"]),
    (False, ['If-None-Match: "a","b"', "If-Modified-Since: x"], ['If-None-Match: "a","b"', "If-Modified-Since: x"]),
    (False, ["If-None-Match: a~"], ["If-None-Match: a~"]),
    (True, ["If-None-Match: a~"], []),
    (False, ["If-None-Match: " + '"a~",' * 100], ["If-None-Match: " + ", ".join(['"a"'] * 100)]),
    (False, ["If-None-Match: " + '"a~",' * 101], []),
    (False, ["If-None-Match: "], ["If-None-Match: "]),
    # the others
    (False, ['If-Match: "a~"'], ['If-Match: "a"']),
    (False, ['If-Match: "a~", "b!", "c"'], ['If-Match: "a", "c"']),
    (False, ["If-Match: *"], ["If-Match: *"]),
    (True, ['If-Match: "a"'], ['If-Match: "a"']),
    (False, ['If-Range: "a~"', "Range: bytes=5-"], ['If-Range: "a"', "Range: bytes=5-"]),
    (False, ['If-Range: "a!"', "Range: bytes=5-"], []),
    (True, ['If-Range: "a"', "Range: bytes=5-"], []),
    (True, ["If-Range: Wed, 21 Oct 2015 07:28:00 GMT", "Range: bytes=5-"], []),
    (False, ["If-Range: Wed, 21 Oct 2015 07:28:00 GMT", "Range: bytes=5-"], ["If-Range: Wed, 21 Oct 2015 07:28:00 GMT", "Range: bytes=5-"]),
    (True, ["Range: bytes=5-"], ["Range: bytes=5-"]),
]  # fmt: skip
_CONDITIONAL = re.compile(rb"(?i)\r\n((?:if-|range)[^\r]*)")


def marked(text: str, proxy: Proxy) -> bytes:
    return text.encode().replace(b"~", b"--cw-" + revision(proxy)).replace(b"!", b"--cw-0123456789abcdef")


def revision(proxy: Proxy) -> bytes:
    guard = proxy.driver.context.in_force.guard
    assert guard is not None
    return guard.revision


@pytest.mark.parametrize(("is_page", "came", "sent"), ASKED)
def test_the_application_gets_only_its_own_valid_entity_tags(
    start: Start, is_page: bool, came: list[str], sent: list[str]
) -> None:
    proxy, origin = start(page(), POLICY)
    ask(proxy.port, get_once(NAVIGATION if is_page else b"X: y", *(marked(field, proxy) for field in came)))
    assert _CONDITIONAL.findall(origin.requests[0]) == [marked(field, proxy) for field in sent]


@pytest.mark.parametrize("body", [b"", b"hello", b"x" * 200_000])
@pytest.mark.parametrize("method", [b"PUT", b"HEAD"])
def test_an_if_match_of_another_revision_is_answered_with_412(start: Start, body: bytes, method: bytes) -> None:
    proxy, origin = start(page(), POLICY)
    request = get_once(marked('If-Match: W/"a!", "b!"', proxy), b"Content-Length: %d" % len(body), method=method) + body
    answer = ask(proxy.port, request)
    assert status_of(answer) == 412 and answer.endswith(b"\r\n\r\n") == (method == b"HEAD")
    assert origin.requests == []
    assert proxy.metrics.in_flight == 0


def test_a_connection_is_kept_after_a_412(start: Start) -> None:
    proxy, _ = start(page(), POLICY)
    with Client(proxy.port) as client:
        for _ in range(2):
            refused = b"GET / HTTP/1.1\r\nHost: a\r\n" + marked('If-Match: "a!"', proxy) + b"\r\n\r\n"
            client.send(refused + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.read_response()[0].startswith(b"HTTP/1.1 412 Precondition Failed\r\n")
            assert client.read_response()[0].startswith(b"HTTP/1.1 200 OK\r\n")


SAID = [
    # validators of the application, validators of the page with the tag
    (['ETag: "a"', "Last-Modified: x"], ['ETag: W/"a~"']),
    (['etag: W/"a"'], ['etag: W/"a~"']),
    (['ETag: ""'], ['ETag: W/"~"']),
    (["ETag: a"], []),
    (["Last-Modified: x"], []),
]


@pytest.mark.parametrize(("said", "got"), SAID)
def test_a_page_with_a_tag_is_known_by_the_revision(start: Start, said: list[str], got: list[str]) -> None:
    proxy, _ = start(page(*(field.encode() for field in said)), POLICY)
    validators = re.compile(rb"(?i)\r\n((?:etag|last-modified):[^\r]*)")
    assert validators.findall(ask(proxy.port, get_once(NAVIGATION))) == [marked(field, proxy) for field in got]
    assert validators.findall(ask(proxy.port, get_once())) == [field.encode() for field in said]


NOT_MODIFIED = [
    ('If-None-Match: W/"a~"', ['ETag: "a"', "Last-Modified: x"], ['ETag: W/"a~"']),
    ('If-None-Match: W/"a~"', ['ETag: W/"a"'], ['ETag: W/"a~"']),
    ('If-None-Match: W/"a~"', ["Last-Modified: x"], []),
    ('If-None-Match: W/"a~", "b"', ['ETag: "b"', "Last-Modified: x"], ['ETag: "b"', "Last-Modified: x"]),
    ('If-None-Match: "b"', ['ETag: "b"', "Last-Modified: x"], ['ETag: "b"', "Last-Modified: x"]),
]


@pytest.mark.parametrize(("asked", "said", "got"), NOT_MODIFIED)
def test_a_304_for_a_page_with_a_tag_names_the_revision_again(
    start: Start, asked: str, said: list[str], got: list[str]
) -> None:
    proxy, _ = start("\r\n".join(["HTTP/1.1 304 Not Modified", *said, "", ""]).encode(), POLICY)
    answer = ask(proxy.port, get_once(marked(asked, proxy)))
    assert re.findall(rb"(?i)\r\n((?:etag|last-modified):[^\r]*)", answer) == [marked(field, proxy) for field in got]


def test_after_a_stricter_policy_no_304_brings_the_old_tag_back(start: Start) -> None:
    def keeping(connection: OriginConnection) -> None:
        while True:
            head = connection.read_head()
            is_known = b'If-None-Match: W/"a"\r\n' in head
            connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n' if is_known else page(b'ETag: "a"'))

    proxy, _ = start(keeping, POLICY)
    first = ask(proxy.port, get_once(NAVIGATION))
    known = b"If-None-Match: " + re.search(rb"ETag: ([^\r]*)", first)[1]  # type: ignore[index]
    assert status_of(ask(proxy.port, get_once(NAVIGATION, known))) == 304
    proxy.policy.write_text(POLICY.replace("sid", "other"))
    proxy.reload()
    second = ask(proxy.port, get_once(NAVIGATION, known))
    assert status_of(second) == 200
    assert TAG.search(second)[0] != TAG.search(first)[0]  # type: ignore[index]


def test_without_a_guard_entity_tags_are_the_applications_alone(start: Start) -> None:
    proxy, origin = start(answering(page(b'ETag: "a"')), POLICY.replace("inject_guard: true", ""))
    old = b'If-None-Match: W/"a--cw-0123456789abcdef"'
    assert b'ETag: "a"\r\n' in ask(proxy.port, get_once(NAVIGATION, old, b"Accept-Encoding: gzip"))
    assert old in origin.requests[0] and b"Accept-Encoding: gzip" in origin.requests[0]
    assert pages(proxy) == {}


def test_a_page_that_is_cut_looks_cut(start: Start) -> None:
    def cutting(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<html><hea")

    proxy, _ = start(cutting, POLICY)
    assert b"0\r\n\r\n" not in ask(proxy.port, get_once(NAVIGATION))


def test_the_script_is_served_by_the_proxy_and_may_be_kept_under_its_revision(start: Start) -> None:
    proxy, origin = start(page(), POLICY)
    tag = TAG.search(ask(proxy.port, get_once(NAVIGATION)))
    assert tag is not None
    path = re.search(rb'"(.*)"', tag[0])[1]  # type: ignore[index]
    script = ask(proxy.port, get_once(path=path))
    assert status_of(script) == 200 and b"immutable" in script and b'"name"' not in script
    assert b'["sid","","",true]' in script and b"/*POLICY*/" not in script
    assert b"no-cache" in ask(proxy.port, get_once(path=path.partition(b"?")[0]))
    head = ask(proxy.port, get_once(path=path, method=b"HEAD"))
    assert head.endswith(b"\r\n\r\n") and b"Content-Length: %d\r\n" % len(body_of(script)) in head
    for method, below in ((b"POST", b"guard.js"), (b"GET", b"report"), (b"GET", b"other"), (b"GET", b"")):
        assert status_of(ask(proxy.port, get_once(path=b"/.well-known/cookiewarden/" + below, method=method))) == 404
    assert len(origin.requests) == 1


def test_cookies_that_scripts_tried_to_set_are_counted_by_name(start: Start) -> None:
    proxy, origin = start(page(), POLICY)
    with Client(proxy.port) as client:
        for name in (b"x%3Dy", b"", b"sid", b"%ff%00", b"x" * 2000):
            client.send(
                b"POST /.well-known/cookiewarden/report?" + name + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
            )
            assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 204 No Content\r\n")
    labels = {"cookie": "__undeclared__", "direction": "script", "action": "block"}
    assert proxy.sample("cookiewarden_cookies_total", **labels) == 3
    assert (
        proxy.sample("cookiewarden_violations_total", cookie="__undeclared__", reason="undeclared", enforced="true")
        == 3
    )
    assert (
        status_of(
            ask(
                proxy.port,
                get_once(b"Content-Length: 5", path=b"/.well-known/cookiewarden/report?x", method=b"POST") + b"hello",
            )
        )
        == 413
    )
    assert origin.requests == []


def test_a_body_without_a_type_that_is_not_html_passes_unchanged(start: Start) -> None:
    may_go_on = threading.Event()

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<!")
        may_go_on.wait(PATIENCE)
        connection.send(b"-not a comment")

    proxy, _ = start(script, POLICY)
    with Client(proxy.port) as client:
        client.send(get_once(b"Sec-Fetch-Dest: document"))
        head = client.read_until(b"\r\n\r\n")
        may_go_on.set()
        assert body_of(head + client.read_all()) == b"<!-not a comment"
    assert proxy.metrics.guard_pages["not-html"] == 1
