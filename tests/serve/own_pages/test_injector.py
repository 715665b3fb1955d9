"""The place of the guard's tag in a page, compared with a literal HTML tokenizer."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.serve.own_pages import injector
from cookiewarden.serve.own_pages.injector import MAX_BEGINNING, MAX_HELD, MAX_PLACES, Injector, KnownPlaces
from tests.bench.heads import steps_of
from tests.support.cost import LINEAR, growth

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


def injected(page: bytes, cuts: Iterable[int] = (), places: KnownPlaces | None = None) -> bytes:
    injector = Injector(TAG, places)
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


@given(
    st.lists(st.lists(PIECES, max_size=20).map(lambda x: "".join(x).encode()), max_size=8),
    st.lists(st.integers(1, 100), max_size=3),
)
def test_a_beginning_that_is_known_has_the_same_place(pages: list[bytes], cuts: list[int]) -> None:
    places = KnownPlaces()
    for page in pages:
        for end in (b"", b"<p>" * 9, b"<!--" + b"-" * 9 + b">"):
            for cut in ((), cuts):
                assert injected(page + end, cut, places) == injected(page + end)


@pytest.mark.parametrize("page", PAGES)
def test_every_place_is_found_again_and_not_in_another_page(page: str) -> None:
    text, places = page.replace("|", "").encode(), KnownPlaces()
    whole = text + b"x" * MAX_HELD
    for _ in range(2):
        assert injected(whole, (), places) == injected(whole)
    for end in range(len(text)):
        for other in (text[:end], text[:end] + b"-" + text[end:], text[:end] + b"<" * MAX_HELD):
            assert injected(other, (), places) == injected(other)


def test_only_the_last_beginnings_are_remembered() -> None:
    places = KnownPlaces()
    pages = [b"<!--%d--><head>" % number + b"x" * MAX_HELD for number in range(MAX_PLACES + 1)]
    for page in pages:
        injected(page, (), places)
    assert [places.place(page) >= 0 for page in pages] == [False] + [True] * MAX_PLACES
    injected(pages[1], (), places)  # the oldest one becomes the last used
    injected(pages[0], (), places)
    assert places.place(pages[1]) == len(b"<!--1--><head>") and places.place(pages[2]) == -1
    long = b"<!--" + b"-" * MAX_BEGINNING + b"--><head>" + b"x" * MAX_HELD
    injected(long, (), places)
    assert places.place(long) == -1


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


TOKENS_IN_PLENTY = [
    *((b"", x) for x in (b"<!-->", b"<!---->", b"\t<!>", b"<?>", b"</ >", b"</>", b"&#32;", b"&#32 ", b"&Tab;", b"<html>", b"<html/>", b"<html a=>")),
    *((b"<html ", x) for x in (b"a ", b"a/", b"a=b ", b"a=''", b"a='b' ", b"a=", b"= ")),
]  # fmt: skip
"""The start of a page, and the text that is repeated after it."""
HOSTILE = [
    *TOKENS_IN_PLENTY,
    *((b"", x) for x in (b"<", b"<!", b" ")),
    *((b"<html ", x) for x in (b" a", b'a=""', b"=", b"/", b"'", b'"', b"\"'", b"<html ")),
    *((b"<!--x", x) for x in (b"-", b"--!", b"<!--", b"- ", b"->", b"!>")),
]


@pytest.mark.parametrize(("begins", "unit"), TOKENS_IN_PLENTY)
@pytest.mark.parametrize("size", [1_000_000, 4096])
def test_a_page_costs_by_its_length_whatever_it_begins_with(begins: bytes, unit: bytes, size: int) -> None:
    """`size`: of the pieces in which it comes."""

    def read(octets: int) -> None:
        page = begins + unit * (octets // len(unit))
        injected(page, range(size, len(page), size))

    assert growth(read, 65_536) < LINEAR


@pytest.mark.interpreted
@pytest.mark.parametrize(("begins", "unit"), HOSTILE)
def test_tokens_that_come_whole_are_read_many_at_a_time(begins: bytes, unit: bytes) -> None:
    page = begins + unit * (65_536 // len(unit))
    assert steps_of(lambda: injected(page)) < 65_536 / 4


# The octets that need no state are read by two patterns. Without these, every one is read by the machine.

NEVER = re.compile(b"(?!)")
TOKENS = st.sampled_from(
    ["<!-- x -->", "<!---->", "<!-->", "<!x>", "<?x>", "</ x>", "</>", "<html>", "<html a>", "<html a b='>' c=\"'\" d=e/f>", "<html/ =a = b/>",
     "&#32;", "&#32", "&#x0A;", "&Tab;", " ", "a", "a=", "a=b", "a='", "='", "=", "'", '"', "/", ">", "<html ", "<!--", "--!>", "-", "<head b='", "<head>"]
)  # fmt: skip


@pytest.mark.interpreted
@given(st.lists(TOKENS, max_size=40).map("".join), st.lists(st.integers(1, 200), max_size=6))
@example("<html " + "a " * 1500 + ">" + "<!>" * 1500 + "<p>", [])
@example("<html " + "a=b " * 1500 + "c=", [1000, 5000])
@example("<html " + "a " * 99 + "><html " + "a " * 101 + "><head>", [])
def test_tokens_that_come_whole_are_read_as_by_the_machine(page: str, cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for pattern in ("_WHOLE_TOKENS", "_WHOLE_PARTS"):
            patch.setattr(injector, pattern, NEVER)
        expected = injected(page.encode(), cuts)
    assert injected(page.encode(), cuts) == expected


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
