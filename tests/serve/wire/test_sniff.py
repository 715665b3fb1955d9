"""Responses that browsers show as HTML. The tables are from Chromium 156 and Firefox 153 ESR; tests/browser compares
Chromium."""

import pytest

from cookiewarden.serve.wire.sniff import MAX_SNIFFED, PageKind, begins_as_html, kind_of

TYPE, OPTIONS = b"content-type", b"x-content-type-options"
KINDS = [
    # realistic
    ([(TYPE, b"text/html; charset=utf-8")], PageKind.HTML),
    ([(TYPE, b"application/json")], PageKind.OTHER),
    ([(TYPE, b"application/xhtml+xml")], PageKind.OTHER),
    ([(b"server", b"x")], PageKind.UNKNOWN),
    ([(TYPE, b"*/*")], PageKind.UNKNOWN),
    ([(TYPE, b"*/*; charset=utf-8")], PageKind.UNKNOWN),
    ([(TYPE, b"Unknown/Unknown")], PageKind.UNKNOWN),
    ([(TYPE, b"application/unknown")], PageKind.UNKNOWN),
    ([(OPTIONS, b"nosniff")], PageKind.OTHER),
    ([(TYPE, b"*/*"), (OPTIONS, b"NoSniff")], PageKind.OTHER),
    ([(TYPE, b"text/html"), (OPTIONS, b"nosniff")], PageKind.HTML),
    # no type at all
    ([(TYPE, b"")], PageKind.UNKNOWN),
    ([(TYPE, b"html")], PageKind.UNKNOWN),
    ([(TYPE, b"*")], PageKind.UNKNOWN),
    ([(TYPE, b"text /html")], PageKind.UNKNOWN),
    ([(TYPE, b";text/html")], PageKind.UNKNOWN),
    ([(TYPE, b"text/")], PageKind.OTHER),
    ([(TYPE, b"text/*")], PageKind.OTHER),
    ([(TYPE, b'"text/html"')], PageKind.UNKNOWN),  # Chromium downloads it
    # parameters, and several types
    ([(TYPE, b"TEXT/HTML foo")], PageKind.HTML),
    ([(TYPE, b"text/html(foo")], PageKind.HTML),
    ([(TYPE, b"text/html,")], PageKind.HTML),
    ([(TYPE, b"text/html, */*")], PageKind.HTML),
    ([(TYPE, b"text/html"), (TYPE, b"*/*")], PageKind.HTML),
    ([(TYPE, b"text/plain, text/html")], PageKind.HTML),
    ([(TYPE, b"text/plain"), (TYPE, b"text/html")], PageKind.HTML),
    ([(TYPE, b"text/html, text/plain")], PageKind.OTHER),
    ([(TYPE, b"text/plain;text/html")], PageKind.OTHER),
    ([(TYPE, b'text/html; x="a, text/plain"')], PageKind.HTML),
    ([(TYPE, b"text/html" + b",;/" * 63)], PageKind.HTML),
    ([(TYPE, b"text/html" + b",;/" * 64)], PageKind.UNKNOWN),
    # several options
    ([(OPTIONS, b"nosniff, x")], PageKind.OTHER),
    ([(OPTIONS, b"x, nosniff")], PageKind.UNKNOWN),
    ([(OPTIONS, b"x"), (OPTIONS, b"nosniff")], PageKind.UNKNOWN),
    ([(OPTIONS, b'"nosniff"')], PageKind.UNKNOWN),
]


@pytest.mark.parametrize(("fields", "kind"), KINDS)
def test_a_type_is_read_as_browsers_read_it(fields: list[tuple[bytes, bytes]], kind: PageKind) -> None:
    assert kind_of(fields) is kind


BEGINNINGS = [
    # as Chromium and Firefox
    ("<html><p>", True), ("<!doctype html><p>", True), ("<!-- x --><p>", True), ("<p>", True), ("<a href=x>", True),
    ("<style></style>", True), ("<br>", True), ("<body>", True), ("<script>1</script>", True),
    ("hello <p>", False), ("\ufeff<html>", False), ("<svg>", False), ("</p>", False), ("<!x>", False), ("<img>", False), ("\x01<p>", False),
    # as Chromium only
    ("<htmlx>", True), ("<px>", True), (" \n\t\f\r<p>", True), ("<abbr>", True), ("<p/>", True), ("<!DOCTYPE HTMLX>", True),
    # bounds
    (" " * (MAX_SNIFFED - 2) + "<p>", True), (" " * MAX_SNIFFED + "<p>", False), ("<!doctype>", False),
    ("", None), (" ", None), ("<", None), ("<!", None), ("<!doctype htm", None), ("<ifram", None), (" " * MAX_SNIFFED, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BEGINNINGS)
def test_a_body_without_a_type_is_html_where_a_browser_takes_it_for_html(text: str, expected: bool | None) -> None:
    assert begins_as_html(text.encode()) is expected
    for end in range(len(text)):
        assert begins_as_html(text[:end].encode()) in (None, expected)
