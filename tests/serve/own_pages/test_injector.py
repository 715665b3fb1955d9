"""The place of the guard's tag in a page, compared with a literal HTML tokenizer."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.serve.own_pages.injector import MAX_HELD, Injector

TAG = b"<script src=x></script>"
PAGES = [
    # `|` marks the place of the tag
    # realistic
    "<!doctype html><html lang=en><head>|<title>x</title>",
    "<!DOCTYPE HTML>\n<HTML>\n<HEAD data-x='>'>|<script>1</script></HEAD>",
    '\ufeff<!-- a > b --> <!doctype html><html data-x="a>b"><head>|<meta charset=utf-8>',
    "<html>|<body>x",
    "<html>|<header>x</header>",
    "|<title>x</title>",
    "|plain text that says it is HTML",
    "<!doctype html>|",
    "|<script>document.cookie = 1</script><head>",
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">\n<html><head>|<title>',
    "<!-- " + "x" * 5000 + " --><!doctype html><html><head>|<title>",
    "<!--[if IE]><html class=ie><![endif]-->\n<!--[if !IE]><!--><html><!--<![endif]--><head>|<title>",
    # comments
    "<!-->|x",
    "<!--->|x --><head>",
    "<!----><head>|",
    "<!---!><script>1</script>--><head>|",
    "<!--!><script>1</script>--><head>|",
    "<!----!><head>|",
    "<!-- --!><head>|<script>1</script>-->",
    "<!-- -- > --!-- --- --><head>|",
    "<!-- <!-- --><head>|",
    "<!-- <!--> <head>|",
    "<!-- never ends",
    # comments of the tokenizer
    "<!x--><head>|",
    "<!><head>|",
    "<!-><head>|",
    "<![CDATA[ > |]]>",
    "<?php echo '>|'; ?><!doctype html>",
    "</ x='>|'>",
    "</><head>|",
    # doctypes end at the first >
    '<!DOCTYPE html PUBLIC "a>|"><head>',
    "<!doctypehtml><head>|",
    "<!doctype html><!doctype html><head>|",
    # white space, literal and by reference
    "\t\n\f\r <!doctype html>|x",
    "|\v<!doctype html>",
    "&#32;&#x0A&#9&Tab;&NewLine;&#0000013;<!doctype html><head>|",
    "|&#320;<!doctype html>",
    "|&#x20a;<!doctype html>",
    "|&tab;<!doctype html>",
    "|&nbsp;<!doctype html>",
    # attributes
    "<html data-a=x'y><head>|",
    '<html data-a=x"y>|<script>1</script>"><head>',
    "<html a='>'><head b=\">\">|",
    "<html a = '>' ><head>|",
    "<html a= >|'><head>",
    "<html a=b='>|'><head>",
    "<html/a='>'/><head/>|",
    "<html '>|'><head>",
    "<html =a='>'><head>|",
    "<html a ='>' b=c/d'>|'>",
    "<html a='>",
    # names
    "<html><head>|",
    "<html\n><head\f>|",
    "|<htmlx><head>",
    "|<headx>",
    "<html>|</html><head>",
    "|</p><!doctype html>",
    "|<",
    "|<h",
    "|<html",
    "|< html>",
]


def injected(page: bytes, cuts: Iterable[int] = ()) -> bytes:
    injector = Injector(TAG)
    ends = sorted({cut for cut in cuts if cut < len(page)})
    pieces = [page[begin:end] for begin, end in zip((0, *ends), (*ends, len(page)), strict=True)]
    return b"".join(map(injector.feed, pieces)) + injector.end()


@pytest.mark.parametrize("page", PAGES)
def test_the_tag_is_before_everything_that_runs_and_after_every_doctype(page: str) -> None:
    text = page.replace("|", "").encode()
    expected = page.encode().replace(b"|", TAG)
    for size in (1, 2, 3, 7, 10_000):
        assert injected(text, range(size, len(text), size)) == expected
    assert literal(page.replace("|", "")) == (page.index("|") if "|" in page else -1)


@pytest.mark.parametrize(
    "page", [b"", "<html>".encode("utf-16"), "<html>".encode("utf-16-le"), "<html>".encode("utf-32")]
)
def test_pages_in_other_encodings_and_empty_pages_are_left_unchanged(page: bytes) -> None:
    assert injected(page) == page
    assert injected(page, range(1, len(page))) == page


PIECES = st.sampled_from(
    ["<", ">", "/", "!", "-", "--", "<!--", "-->", "--!>", "<!doctype html>", "<?", "<html", "<head", "=", "'", '"', " ", "\n",
     "x", "&#32", "&#x", "&Tab;", ";", "0", "d", "<html>", "<p>", "</", "\ufeff", "\x00", "[CDATA[", "é"]
)  # fmt: skip


@given(
    st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(lambda x: "".join(x).encode())),
    st.lists(st.integers(1, 300), max_size=6),
)
def test_only_the_tag_is_added_to_a_page_in_any_segments(page: bytes, cuts: list[int]) -> None:
    got = injected(page, cuts)
    assert got == injected(page)
    assert got in (page, page[: (at := got.find(TAG))] + TAG + page[at:])


@given(st.lists(PIECES.filter("\x00".__ne__), min_size=1, max_size=40).map("".join))
@example("<!--" + "-" * 9 + "!><head>")
def test_the_tag_is_where_the_tokenizer_would_put_it(page: str) -> None:
    place = literal(page)
    text = page.encode()
    before = len(page[:place].encode())
    assert injected(text) == (text if place < 0 else text[:before] + TAG + text[before:])


def test_a_beginning_of_any_length_is_held_by_a_few_octets_only() -> None:
    for opening in (b"<!-- ", b"<html a='", b"<?", b" ", b"<!doctype "):
        injector = Injector(TAG)
        sent = 0
        for size in (100, 2, 1, 100_000, 1):
            sent += size
            came = injector.feed(opening if size == 100 else b" " * size)
            assert TAG not in came
        assert len(injector._held) <= MAX_HELD
    for end in range(1, 40):
        injector = Injector(TAG)
        page = b"<!-- -->" + b"&#000000000000000000000000000000000000"
        page = page[: 8 + end]
        assert len(page) - len(injector.feed(page)) <= MAX_HELD


def test_a_page_costs_by_its_length_whatever_it_begins_with() -> None:
    for begins in (b"<!---->", b"<html>", b"<html a=''", b"-", b"&#32;", b"<!"):
        page = (b"<!--" if begins == b"-" else b"") + begins * (1_000_000 // len(begins))
        began = time.process_time()
        injected(page, range(65536, len(page), 65536))
        assert time.process_time() - began < 5


# A literal reading of the tokenizer (WHATWG HTML 13.2.5) and of the insertion modes up to "in head" (13.2.6.4).

SPACE = "\t\n\f\r "


def literal(page: str) -> int:
    """Return the place of the tag; -1 if a comment or a tag never ends."""
    at = 1 if page.startswith("\ufeff") else 0
    while at < len(page):
        kind, end = token(page, at)
        if kind == "other":
            return at
        if kind == "unfinished":
            return -1
        at = end
        if kind == "head":
            return at
    return at if page else -1


def token(page: str, at: int) -> tuple[str, int]:
    if page[at] in SPACE:
        return "space", at + 1
    if page[at] == "&":
        return reference(page, at)
    rest = page[at : at + 9].lower()
    if rest.startswith("<!--"):
        return comment(page, at + 4)
    if rest.startswith("</") and rest[2:3] == ">":
        return "nothing", at + 3
    letter = rest[2:3].isascii() and rest[2:3].isalpha()
    if rest.startswith(("<!", "<?")) or (rest.startswith("</") and not letter and (rest[2:] or page[at + 2 :])):
        end = page.find(">", at)
        return ("comment", end + 1) if end >= 0 else ("unfinished", 0)
    if rest == "</":
        return "unfinished", 0  # text at the end of the page
    for name in ("html", "head"):
        if rest.startswith("<" + name) and rest[5:6] and rest[5] in SPACE + "/>":
            end = start_tag(page, at + 5)
            return (name, end) if end > 0 else ("unfinished", 0)
    return "other", at


def reference(page: str, at: int) -> tuple[str, int]:
    for name in ("&Tab;", "&NewLine;"):
        if page.startswith(name, at):
            return "space", at + len(name)
    end = at + 2
    if page[at + 1 : at + 2] != "#":
        return "other", at
    digits, base = "0123456789", 10
    if page[end : end + 1] in ("x", "X"):
        digits, base, end = "0123456789abcdefABCDEF", 16, end + 1
    begin = end
    while end < len(page) and page[end] in digits:
        end += 1
    # The injector reads eight digits at most; a longer reference is not white space.
    if begin == end or end - begin > 8 or int(page[begin:end], base) not in (9, 10, 12, 13, 32):
        return "other", at
    return "space", end + (page[end : end + 1] == ";")


COMMENT = {
    "start": {"-": "start dash", ">": "END"},
    "start dash": {"-": "end", ">": "END"},
    "comment": {"<": "less", "-": "end dash"},
    "less": {"!": "bang", "<": "less"},
    "bang": {"-": "bang dash"},
    "bang dash": {"-": "bang dash dash"},
    "end dash": {"-": "end"},
    "end": {">": "END", "!": "end bang", "-": "end"},
    "end bang": {"-": "end dash", ">": "END"},
}
RECONSUMED = {"less": "comment", "bang": "comment", "bang dash": "end dash", "bang dash dash": "end", "end dash": "comment",
              "end": "comment", "end bang": "comment", "start": "comment", "start dash": "comment"}  # fmt: skip


def comment(page: str, at: int) -> tuple[str, int]:
    state = "start"
    while at < len(page):
        following = COMMENT.get(state, {}).get(page[at])
        if following is None and state in RECONSUMED:
            state = RECONSUMED[state]
            continue
        at += 1
        state = following or state
        if state == "END":
            return "comment", at
    return "unfinished", 0


def start_tag(page: str, at: int) -> int:
    """Return the end of the tag; 0 if it does not end."""
    state = "before name"
    while at < len(page):
        char = page[at]
        if state == "before name":
            if char in SPACE:
                at += 1
            elif char in "/>":
                state = "after name"
            else:
                state, at = "name", at + 1
        elif state == "name":
            if char in SPACE + "/>":
                state = "after name"
            else:
                state, at = "before value" if char == "=" else "name", at + 1
        elif state == "after name":
            if char == ">":
                return at + 1
            if char in SPACE:
                at += 1
            elif char == "/":
                state, at = "self-closing", at + 1
            elif char == "=":
                state, at = "before value", at + 1
            else:
                state = "name"
        elif state == "self-closing":
            if char == ">":
                return at + 1
            state = "before name"
        elif state == "before value":
            if char == ">":
                return at + 1
            if char in SPACE:
                at += 1
            elif char in "\"'":
                state, at = char, at + 1
            else:
                state = "unquoted"
        elif state in "\"'":
            state, at = "after quoted" if char == state else state, at + 1
        elif state == "unquoted":
            if char == ">":
                return at + 1
            state, at = "before name" if char in SPACE else "unquoted", at + 1
        else:  # after quoted
            if char == ">":
                return at + 1
            state = "before name" if char != "/" else "self-closing"
            at += char in SPACE + "/"
    return 0
