"""The script guard on the wire: which answers get its tag, what is untouched, what the proxy answers itself."""

import gzip
import re

import pytest

from tests.serve.harness import Client, OriginConnection, Start, ask, status_of

POLICY = """
version: 1
inject_guard: true
cookies:
  - {name: sid}
"""
PAGE = b"<!doctype html><html><head><title>x</title></head>"
TAG = re.compile(rb'<script src="/\.well-known/cookiewarden/guard\.js\?[0-9a-f]{16}"></script>')


def page(
    *fields: bytes, body: bytes = PAGE, kind: bytes = b"text/html; charset=utf-8", status: bytes = b"200 OK"
) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get(*fields: bytes, path: bytes = b"/", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    lines = [method + b" " + path + b" HTTP/" + version, b"Host: shop.example", b"Connection: close", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


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


NAVIGATION = b"Sec-Fetch-Dest: document"
UNTOUCHED = [
    (page(), b"Sec-Fetch-Dest: image"),
    (page(), b"Accept: */*"),
    (page(kind=b"application/json"), NAVIGATION),
    (page(kind=b"text/html; charset=UTF-16"), NAVIGATION),
    (page(body="<html>".encode("utf-16")), NAVIGATION),
    (page(b"Content-Encoding: gzip", body=gzip.compress(PAGE)), NAVIGATION),
    (page(status=b"206 Partial Content"), NAVIGATION),
    (page(body=b""), NAVIGATION),
]


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_page_that_a_navigation_gets_has_the_tag_and_else_every_octet(
    start: Start, status: bytes, version: bytes
) -> None:
    proxy, origin = start(page(b"X: y", status=status), POLICY)
    for _ in range(3):  # not remembered, and remembered
        answer = ask(proxy.port, get(NAVIGATION, b"Accept-Encoding: gzip, br", b"X: z", version=version))
        assert status_of(answer) == int(status[:3])
        assert b"\r\nX: y\r\n" in answer and b"Content-Length" not in answer
        body = body_of(answer)
        assert len(TAG.findall(body)) == 1 and TAG.sub(b"", body) == PAGE
        assert body.index(b"<script") == body.index(b"<head>") + len(b"<head>")
    assert all(b"Accept-Encoding" not in head and b"\r\nX: z\r\n" in head for head in origin.requests)


@pytest.mark.parametrize(("answer", "field"), UNTOUCHED)
def test_everything_else_is_untouched(start: Start, answer: bytes, field: bytes) -> None:
    proxy, origin = start(answer, POLICY)
    got = ask(proxy.port, get(field, b"Accept-Encoding: gzip"))
    assert body_of(got) == answer.partition(b"\r\n\r\n")[2]
    assert (b"\r\nAccept-Encoding: gzip\r\n" in origin.requests[0]) == (field != NAVIGATION)


def test_without_the_key_nothing_is_written_and_nothing_reserved(start: Start) -> None:
    proxy, origin = start(page(), POLICY.replace("inject_guard: true", ""))
    assert ask(proxy.port, get(NAVIGATION)).endswith(PAGE)
    assert ask(proxy.port, get(path=b"/.well-known/cookiewarden/guard.js")).endswith(PAGE)
    assert len(origin.requests) == 2


def test_a_page_that_streams_gets_the_tag_and_goes_on_piece_by_piece(start: Start) -> None:
    def streaming(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"<!doc", b"type html><ht", b"ml><head", b"><title>x</title>", b"more"):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")

    proxy, _ = start(streaming, POLICY)
    body = body_of(ask(proxy.port, get(NAVIGATION)))
    assert TAG.sub(b"|", body) == b"<!doctype html><html><head>|<title>x</title>more"


def test_a_page_that_is_cut_looks_cut(start: Start) -> None:
    def cutting(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<html><hea"
        )

    proxy, _ = start(cutting, POLICY)
    assert b"0\r\n\r\n" not in ask(proxy.port, get(NAVIGATION))


def test_the_script_is_served_by_the_proxy_and_may_be_kept_under_its_revision(start: Start) -> None:
    proxy, origin = start(page(), POLICY)
    tag = TAG.search(ask(proxy.port, get(NAVIGATION)))
    assert tag is not None
    path = re.search(rb'"(.*)"', tag[0])[1]  # type: ignore[index]
    script = ask(proxy.port, get(path=path))
    assert status_of(script) == 200 and b"immutable" in script and b'"name"' not in script
    assert b'["sid","","",true]' in script and b"/*POLICY*/" not in script
    assert b"no-cache" in ask(proxy.port, get(path=path.partition(b"?")[0]))
    head = ask(proxy.port, get(path=path, method=b"HEAD"))
    assert head.endswith(b"\r\n\r\n") and b"Content-Length: %d\r\n" % len(body_of(script)) in head
    for method, below in ((b"POST", b"guard.js"), (b"GET", b"report"), (b"GET", b"other"), (b"GET", b"")):
        assert (
            status_of(ask(proxy.port, get(path=b"/.well-known/cookiewarden/" + below, method=method))) == 404
        )
    assert len(origin.requests) == 1


def test_what_scripts_wanted_to_set_is_counted_by_name(start: Start) -> None:
    proxy, origin = start(page(), POLICY)
    with Client(proxy.port) as client:
        for name in (b"x%3Dy", b"", b"sid", b"%ff%00", b"x" * 2000):
            client.send(
                b"POST /.well-known/cookiewarden/report?"
                + name
                + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
            )
            assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 204 No Content\r\n")
    labels = {"cookie": "__undeclared__", "direction": "script", "action": "block"}
    assert proxy.sample("cookiewarden_cookies_total", **labels) == 3
    assert (
        proxy.sample(
            "cookiewarden_violations_total", cookie="__undeclared__", reason="undeclared", enforced="true"
        )
        == 3
    )
    assert (
        status_of(
            ask(
                proxy.port,
                get(b"Content-Length: 5", path=b"/.well-known/cookiewarden/report?x", method=b"POST")
                + b"hello",
            )
        )
        == 413
    )
    assert origin.requests == []
