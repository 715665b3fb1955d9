"""Reading response heads: the fields against llhttp as the oracle, and the memo against a first reading."""

import contextlib

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.serve.wire.head import BadHead, Framing
from cookiewarden.serve.wire.response_head import (
    MANY,
    MAX_FIXED,
    MAX_REMEMBERED,
    MAX_SHAPES,
    MAX_TEMPLATES,
    OFTEN,
    RECENT,
    ResponseHead,
    ResponseReader,
    read_response,
    shapes,
    without_bad_cookies,
)
from tests.support.heads import CUT_FROM_RESPONSES, LIMITS, LINES, Fields, lines

STATUS = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204", b"HTTP/1.1 103 Hints", b"HTTP/1.1 304 ", b"HTTP/1.1 099 x", b"HTTP/2.0 200 OK",
])  # fmt: skip
RESPONSES = st.builds(
    lambda first, lines: first + b"\r\n" + b"".join(lines) + b"\r\n", STATUS, LINES
).map(lambda head: head[: head.find(b"\r\n\r\n") + 4])  # fmt: skip


@given(RESPONSES)
def test_a_response_that_is_read_has_the_fields_that_llhttp_finds(head: bytes) -> None:
    try:
        response = read_response(head, LIMITS, to_head=False)
    except BadHead:
        return
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    oracle = Fields(httptools.HttpResponseParser, head)
    assert oracle.heads == 1
    cookies = [(name, value) for name, value in oracle.found if name.lower() == b"set-cookie"]
    found = [line.rstrip(b" \t") for _, run in response.cookies for _, line in run]
    assert found == [value for _, value in cookies]
    cut = CUT_FROM_RESPONSES | ({b"content-length"} if response.status in (103, 204) else set())
    kept = [(name, value) for name, value in oracle.found if name.lower() not in cut]
    if not any(name.lower() == b"connection" and b"x" in value.lower() for name, value in oracle.found):
        assert lines(b"".join(response.parts)) == kept


COOKIE = st.builds(
    lambda lead, name, value, tail: lead + name + b"=" + value + tail,
    st.sampled_from([b"Set-Cookie: "] * 4 + [b"set-cookie: ", b"Set-Cookie:  ", b"SET-COOKIE: ", b"set-cookie:"]),
    st.sampled_from([b"a", b"b", b" c", b""]),
    st.sampled_from([b"1", b"2", b"", b" x ", b"a=b", b"\xff", b"\ta"]),
    st.sampled_from([b"", b"; Path=/", b";Secure ", b"; Expires=Wed, 21 Oct 2026 07:28:00 GMT"]),
)
VARIED = st.lists(
    st.one_of(
        COOKIE,
        COOKIE,
        st.sampled_from([
            b"Date: Wed, 25 Nov 2026 03:21:14 GMT", b"Date: Wed, 25 Nov 2026 03:21:15 GMT", b"date: x", b"ETag: \"a;b\"", b"ETag: \"b;b\"",
            b"Content-Length: 0", b"Content-Length: 5 ", b"content-length: 12", b"Content-Length: 5x", b"Last-Modified: y", b"Expires: 0",
            b"Set-Cookie: novalue", b"Transfer-Encoding: chunked", b"Connection: Date", b"Connection: close", b"Keep-Alive: timeout=3", b"X: 1",
        ]),
    ),
    max_size=7,
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(STATUS, VARIED, st.booleans()), min_size=1, max_size=3))
def test_a_head_whose_shape_is_remembered_is_read_as_one_that_was_never_seen(
    heads: list[tuple[bytes, list[bytes], bool]],
) -> None:
    reader = ResponseReader(LIMITS)
    for status, fields, to_head in heads * (OFTEN + 4):
        fields = [field.replace(b"=1", b"=%d" % len(fields)) for field in fields]
        head = b"\r\n".join((status, *fields)) + b"\r\n\r\n"
        try:
            expected: object = facts_of(read_response(head, LIMITS, to_head))
        except BadHead as bad:
            expected = (bad.status, bad.reason)
        try:
            got: object = facts_of(reader.read(head, to_head))
        except BadHead as bad:
            got = (bad.status, bad.reason)
        assert got == expected


def facts_of(response: ResponseHead) -> tuple[object, ...]:
    parts = list(response.parts)
    for at, run in response.cookies:
        assert parts[at] == b""
        parts[at] = b"".join(lead + line for lead, line in run)
    facts = ("status", "http_1_1", "keep_alive", "framing", "length", "idle_seconds")
    lines_of_cookies = [line.lstrip(b" ") for _, run in response.cookies for _, line in run]
    return b"".join(parts), lines_of_cookies, *(getattr(response, name) for name in facts)


def remembering(*heads: bytes) -> ResponseReader:
    """Return a reader that has read each head twice, after which the memo has it."""
    reader = ResponseReader(LIMITS)
    for head in heads * 2:
        reader.read(head, False)
    return reader


def test_a_response_with_other_values_is_read_from_the_memo() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nDate: a\r\nContent-Length: 5\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX: y\r\n\r\n"
    )
    reader = remembering(head)
    (template,) = reader._templates.values()
    filled = template.filled([b"b", b"17", b"3", b"4"])
    assert filled is not None and filled.length == 17
    assert facts_of(filled)[1] == [b"a=3; Path=/", b"b=4"]


@pytest.mark.parametrize(
    "value",
    [b"1\r\nX: y", b"1\r\n\r\nHTTP/1.1 200 OK", b"1\n", b"\x00", b"x", b"5 5", b"-5", b"9" * 30, b"\xb2"],
)
def test_a_value_that_a_parser_might_not_accept_is_left_to_the_parser(value: bytes) -> None:
    reader = remembering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    (template,) = reader._templates.values()
    assert template.filled([value]) is None


def test_a_304_with_a_length_ends_its_connection_though_one_without_is_remembered() -> None:
    reader = remembering(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n")
    assert reader.read(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 00\r\n\r\n", False).keep_alive
    assert not reader.read(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", False).keep_alive


@pytest.mark.parametrize(
    "line",
    [b"SET-COOKIE: a=CANARY", b"Set-Cookie:a=CANARY", b"Set-Cookie: CANARY", b"Set-Cookie: CANARY; a=b", b"set-cookie: a=CANARY;b"],
)  # fmt: skip
def test_the_memo_of_responses_contains_no_cookie_value(line: bytes) -> None:
    reader = remembering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + line + b"\r\nX: y\r\n\r\n")
    assert b"CANARY" not in repr([reader._templates, reader._fixed, *map(vars_of, reader._templates.values())]).encode()


def vars_of(template: object) -> object:
    like = template.like  # type: ignore[attr-defined]
    return like.parts, [tuple(run) for _, run in like.cookies]


SHAPE = b"HTTP/1.1 200 OK\r\nDate: a\r\nX-Id: %d\r\nSet-Cookie: a=%d; Path=/\r\nSet-Cookie: CANARY\r\nset-cookie: b=1\r\nX: y\r\n\r\n"


def test_a_template_that_is_often_used_gets_a_form() -> None:
    reader = ResponseReader(LIMITS)
    for number in range(3 * OFTEN):
        head = SHAPE % (number, number)
        assert facts_of(reader.read(head, False)) == facts_of(read_response(head, LIMITS, False))
    (template,) = reader._recent
    assert template.form is not None and b"CANARY" not in template.form.pattern
    found = template.form.fullmatch(SHAPE % (7, 8))
    assert found is not None and found.groups() == (b"a", b"7", b"8", b"CANARY", b"1")
    assert template.uses == OFTEN  # the form is used from then on


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nDate: a\r\nSet-Cookie\r\na\r\n=\r\n;\r\nDate: v\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate\r\nSet-Cookie: a=1;Date\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: a\nX: y\r\nSet-Cookie: a=1;Date\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDate: a\r\nSet-Cookie: a=1\x00;Date\r\n\r\n",
    ],
)
def test_an_invalid_head_is_never_one_of_a_template(head: bytes) -> None:
    reader = ResponseReader(LIMITS)
    for _ in range(2 * OFTEN):
        reader.read(b"HTTP/1.1 200 OK\r\nDate: a\r\nSet-Cookie: a=1;Date\r\n\r\n", False)
    with pytest.raises(BadHead):
        reader.read(head, False)


def test_a_field_with_many_values_varies() -> None:
    reader = ResponseReader(LIMITS)
    for number in range(MANY + 4):
        reader.read(b"HTTP/1.1 200 OK\r\nX-Request-Id: %d\r\n\r\n" % number, False)
    (template,) = reader._templates.values()
    assert template.filled([b"new"]) is not None


@pytest.mark.parametrize(
    "name", [b"Connection", b"Alt-Svc", b"Keep-Alive", b"Transfer-Encoding", b"Upgrade", b"TE", b"SET-COOKIE"]
)
def test_a_field_that_the_proxy_handles_does_not_vary(name: bytes) -> None:
    reader = ResponseReader(LIMITS)
    for number in range(2 * MANY):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b: x%d\r\n\r\n" % (name, number)
        with contextlib.suppress(BadHead):
            assert facts_of(reader.read(head, False)) == facts_of(read_response(head, LIMITS, False))
    assert name not in reader._leads and name not in reader._values


@pytest.mark.parametrize(
    "lead", [b"Set-Cookie:", b"set-cookie:", b"SET-COOKIE:", b"Set-Cookie:\t", b"Set-Cookie:  ", b"Set-Cookie: "]
)
@pytest.mark.parametrize("value", [b'{"id": %d}', b"x; a: %d", b"at: %d; Comment: x"])
def test_a_set_cookie_line_with_colons_is_always_judged(lead: bytes, value: bytes) -> None:
    reader = ResponseReader(LIMITS)
    for number in range(100, 100 + 3 * MANY):
        head = b"HTTP/1.1 200 OK\r\n%ba=CANARY%b\r\nContent-Length: 2\r\n\r\n" % (lead, value % number)
        assert facts_of(reader.read(head, False)) == facts_of(read_response(head, LIMITS, False))
    kept = repr([reader._values, reader._leads, reader._fixed, list(reader._templates)])
    assert "CANARY" not in kept and not any(b"ookie:" in name for name in reader._leads)


@pytest.mark.parametrize("name", [b"Alt-Svc", b"Keep-Alive", b"Proxy-Authenticate", b"Connection", b"X"])
def test_a_field_without_a_blank_behind_its_colon_is_read_as_always(name: bytes) -> None:
    reader = ResponseReader(LIMITS)
    for number in range(3 * MANY):
        head = b'HTTP/1.1 200 OK\r\n%b:h3=": %d"\r\nContent-Length: 2\r\n\r\n' % (name, number)
        assert facts_of(reader.read(head, False)) == facts_of(read_response(head, LIMITS, False))


def test_the_recent_templates_are_bounded() -> None:
    reader = ResponseReader(LIMITS)
    for number in range(3 * RECENT):
        for _ in range(2 * OFTEN):
            reader.read(b"HTTP/1.1 200 OK\r\nX-%d: a\r\nDate: x\r\n\r\n" % number, False)
    assert len(reader._recent) == RECENT


def test_the_memo_of_responses_is_bounded() -> None:
    reader = ResponseReader(LIMITS)
    for number in range(3 * MAX_TEMPLATES):
        for _ in range(2):
            reader.read(b"HTTP/1.1 200 OK\r\nX: %d\r\n\r\n" % number, False)
    assert 0 < len(reader._templates) <= MAX_TEMPLATES
    for number in range(40_000):
        reader._remember((b"%d" % number,), [], reader.read(b"HTTP/1.1 200 OK\r\n\r\n", False))
    assert len(reader._seen) <= 16 * MAX_TEMPLATES
    for number in range(3 * MAX_FIXED):
        reader.read(b"HTTP/1.1 200 OK\r\nX-%d: 1\r\n\r\n" % number, False)
    assert len(reader._values) <= MAX_FIXED and len(reader._fixed) <= MAX_FIXED + MAX_REMEMBERED


@pytest.mark.parametrize(
    ("fields", "to_head", "framing", "keep_alive"),
    [
        (b"Content-Length: 5\r\n", False, Framing.LENGTH, True),
        (b"Content-Length: 5\r\n", True, Framing.NONE, False),
        (b"Content-Length: 0\r\n", True, Framing.NONE, True),
        (b"Transfer-Encoding: chunked\r\n", False, Framing.CHUNKED, True),
        (b"Transfer-Encoding: chunked\r\nConnection: close\r\n", False, Framing.CHUNKED, False),
        (b"", False, Framing.UNTIL_CLOSE, False),
        (b"", True, Framing.NONE, True),
    ],
)
def test_a_responses_end_is_known_from_its_head(
    fields: bytes, to_head: bool, framing: Framing, keep_alive: bool
) -> None:
    response = read_response(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n", LIMITS, to_head)
    assert (response.framing, response.keep_alive) == (framing, keep_alive)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 O\x00K\r\n\r\n",
        b"HTTP/1.1 200 O\x1bK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %b2\r\n\r\n" % (b"0" * 5000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a_response_that_cannot_be_passed_on_is_refused(head: bytes) -> None:
    with pytest.raises(BadHead) as refused:
        read_response(head, LIMITS, to_head=False)
    assert refused.value.status == 502


def test_only_set_cookie_lines_with_control_characters_are_taken_away() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01\r\nSET-COOKIE: b\r\nX: \x01\r\n\r\n"
    assert without_bad_cookies(head) == (b"HTTP/1.1 200 OK\r\nSET-COOKIE: b\r\nX: \x01\r\n\r\n", 1)


def test_a_set_cookie_line_with_a_bare_line_feed_is_not_taken_away() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\nX: y\r\n\r\n"
    assert without_bad_cookies(head) == (head, 0)


def test_the_shapes_of_set_cookie_lines_that_are_remembered_are_bounded() -> None:
    for number in range(2 * MAX_SHAPES):
        shape = (b"%d" % number,)
        assert shapes[shape] is shape
    assert 0 < len(shapes) <= MAX_SHAPES
