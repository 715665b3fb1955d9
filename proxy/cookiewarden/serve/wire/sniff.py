"""Detection of responses that browsers show as HTML, by their type or, if it is unknown, by their first octets.

Browsers differ in details (WHATWG MIME Sniffing 7, Chromium 156, Firefox 153). A response counts as HTML if one of them
shows it as HTML."""

import re
from collections.abc import Iterable
from enum import Enum

from cookiewarden.core.engine.decision import Header

MAX_SNIFFED = 1445
"""Octets of a body that are examined."""


class PageKind(Enum):
    """The kind of a body, by the fields of the response."""

    HTML = "text/html"
    UNKNOWN = "browsers look at the body"
    OTHER = "all other types"


MAX_TYPES = 64
"""Maximum number of types in a response's fields that are examined."""
_UNKNOWN = frozenset({b"", b"unknown/unknown", b"application/unknown", b"application/x-unknown-content-type"})
_QUOTED = re.compile(rb'"[^"]*"?')
_WITH_SLASH = re.compile(rb"(?:^|(?<=,))[^,/]*+/[^,]*")
_ESSENCE_ENDS = re.compile(rb"[ \t;(]")


def kind_of(fields: Iterable[Header]) -> PageKind:
    """Return the kind of a body. `fields`: with lower-case names."""
    types, options = b"", b""
    for name, value in fields:
        if name == b"content-type":
            types += b"," + value
        elif name == b"x-content-type-options":
            options += b"," + value
    essence = _essence(types)
    if essence == b"text/html":
        return PageKind.HTML
    if essence not in _UNKNOWN:
        return PageKind.OTHER
    # Fetch 3.6: the first of the values counts.
    nosniff = options[1:].split(b",")[0].strip(b" \t").lower() == b"nosniff"
    return PageKind.OTHER if nosniff else PageKind.UNKNOWN


def _essence(types: bytes) -> bytes:
    """Return the last valid type without its parameters (Fetch 2.2.2); empty if there is none except `*/*`. Parameters
    may contain a comma within quotes."""
    pieces: list[bytes] = _WITH_SLASH.findall(_QUOTED.sub(b"", types))
    for piece in reversed(pieces[-MAX_TYPES:]):
        essence = _ESSENCE_ENDS.split(piece.strip(b" \t"), maxsplit=1)[0].lower()
        if b"/" in essence and essence != b"*/*":
            return essence
    return b""


_SPACE = b"\t\n\f\r "
# Chromium requires no space or `>` after them. `<a` and other short tags match longer names, too.
_BEGINNINGS = (
    b"<!doctype html",
    b"<!--",
    b"<script",
    b"<iframe",
    b"<html",
    b"<head",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<p",
)


def begins_as_html(text: bytes) -> bool | None:
    """Check whether browsers treat a body without a type as HTML. Return None if more octets are needed."""
    begin = text[:MAX_SNIFFED].lstrip(_SPACE).lower()
    if begin.startswith(_BEGINNINGS):
        return True
    is_open = len(text) < MAX_SNIFFED and any(beginning.startswith(begin) for beginning in _BEGINNINGS)
    return None if is_open else False
