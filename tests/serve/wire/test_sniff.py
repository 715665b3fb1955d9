"""What browsers show as HTML. The tables are what Chromium 156 and Firefox 153 ESR do; tests/browser asks Chromium again."""

import pytest

from cookiewarden.serve.wire.sniff import MAX_SNIFFED, Kind, begins_as_html, kind_of

TYPE, OPTIONS = b"content-type", b"x-content-type-options"
KINDS = [
    # realistic
    ([(TYPE, b"text/html; charset=utf-8")], Kind.HTML),
    ([(TYPE, b"application/json")], Kind.OTHER),
    ([(TYPE, b"application/xhtml+xml")], Kind.OTHER),
    ([(b"server", b"x")], Kind.UNKNOWN),
    ([(TYPE, b"*/*")], Kind.UNKNOWN),
    ([(TYPE, b"*/*; charset=utf-8")], Kind.UNKNOWN),
    ([(TYPE, b"Unknown/Unknown")], Kind.UNKNOWN),
    ([(TYPE, b"application/unknown")], Kind.UNKNOWN),
    ([(OPTIONS, b"nosniff")], Kind.OTHER),
    ([(TYPE, b"*/*"), (OPTIONS, b"NoSniff")], Kind.OTHER),
    ([(TYPE, b"text/html"), (OPTIONS, b"nosniff")], Kind.HTML),
    # no type at all
    ([(TYPE, b"")], Kind.UNKNOWN),
    ([(TYPE, b"html")], Kind.UNKNOWN),
    ([(TYPE, b"*")], Kind.UNKNOWN),
    ([(TYPE, b"text /html")], Kind.UNKNOWN),
    ([(TYPE, b";text/html")], Kind.UNKNOWN),
    ([(TYPE, b"text/")], Kind.OTHER),
    ([(TYPE, b"text/*")], Kind.OTHER),
    ([(TYPE, b'"text/html"')], Kind.UNKNOWN),  # Chromium takes it for a download
    # what follows the type, and several of them
    ([(TYPE, b"TEXT/HTML foo")], Kind.HTML),
    ([(TYPE, b"text/html(foo")], Kind.HTML),
    ([(TYPE, b"text/html,")], Kind.HTML),
    ([(TYPE, b"text/html, */*")], Kind.HTML),
    ([(TYPE, b"text/html"), (TYPE, b"*/*")], Kind.HTML),
    ([(TYPE, b"text/plain, text/html")], Kind.HTML),
    ([(TYPE, b"text/plain"), (TYPE, b"text/html")], Kind.HTML),
    ([(TYPE, b"text/html, text/plain")], Kind.OTHER),
    ([(TYPE, b"text/plain;text/html")], Kind.OTHER),
    ([(TYPE, b'text/html; x="a, text/plain"')], Kind.HTML),
    ([(TYPE, b"text/html" + b",;/" * 63)], Kind.HTML),
    ([(TYPE, b"text/html" + b",;/" * 64)], Kind.UNKNOWN),
    # several options
    ([(OPTIONS, b"nosniff, x")], Kind.OTHER),
    ([(OPTIONS, b"x, nosniff")], Kind.UNKNOWN),
    ([(OPTIONS, b"x"), (OPTIONS, b"nosniff")], Kind.UNKNOWN),
    ([(OPTIONS, b'"nosniff"')], Kind.UNKNOWN),
]


@pytest.mark.parametrize(("fields", "kind"), KINDS)
def test_a_type_is_read_as_browsers_read_it(fields: list[tuple[bytes, bytes]], kind: Kind) -> None:
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
def test_a_body_without_a_type_is_html_where_a_browser_takes_it_for_html(
    text: str, expected: bool | None
) -> None:
    assert begins_as_html(text.encode()) is expected
    for end in range(len(text)):
        assert begins_as_html(text[:end].encode()) in (None, expected)
