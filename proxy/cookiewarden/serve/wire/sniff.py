"""Which responses browsers show as HTML: by their type, or by their first octets where the type says nothing.

Browsers differ in small things (WHATWG MIME Sniffing 7, Chromium 156, Firefox 153). Here a response counts as HTML
where one of them takes it for HTML."""

import re
from collections.abc import Iterable
from enum import Enum

from cookiewarden.core.engine.decision import Header

MAX_SNIFFED = 1445
"""Octets of a body that are looked at."""


class PageKind(Enum):
    """What the fields of a response say of its body."""

    HTML = "text/html"
    UNKNOWN = "browsers look at the body"
    OTHER = "anything else"


MAX_TYPES = 64
"""Of the types in a response's fields, how many are looked at."""
_UNKNOWN = frozenset({b"", b"unknown/unknown", b"application/unknown"})
_QUOTED = re.compile(rb'"[^"]*"?')
_ESSENCE_ENDS = re.compile(rb"[ \t;(]")


def kind_of(fields: Iterable[Header]) -> PageKind:
    """Names are in lower case."""
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
    """Return the last type that is one, without its parameters; nothing where none is, or only `*/*` (Fetch 2.2.2).
    Parameters may hold a comma within quotes."""
    pieces = [piece for piece in _QUOTED.sub(b"", types).split(b",") if b"/" in piece]
    for piece in reversed(pieces[-MAX_TYPES:]):
        essence = _ESSENCE_ENDS.split(piece.strip(b" \t"), maxsplit=1)[0].lower()
        if b"/" in essence and essence != b"*/*":
            return essence
    return b""


_SPACE = b"\t\n\f\r "
# Chromium asks for no space or `>` behind them; `<a` and the like stand for longer names too.
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
    """Whether browsers take a body without a type for HTML, by its first octets. None where more are needed."""
    begin = text[:MAX_SNIFFED].lstrip(_SPACE).lower()
    if begin.startswith(_BEGINNINGS):
        return True
    is_open = len(text) < MAX_SNIFFED and any(beginning.startswith(begin) for beginning in _BEGINNINGS)
    return None if is_open else False
