"""Reading request heads: the fields against llhttp as the oracle, and the fast path against the slow one."""

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.serve.wire.head import BadHead, Framing, examine, lower_names
from cookiewarden.serve.wire.request_head import RequestHead, read_again, read_request, refuse_early
from cookiewarden.serve.wire.response_head import read_response
from tests.support.cost import LINEAR, growth
from tests.support.heads import CUT_FROM_REQUESTS, FIRST, HEADS, LIMITS, Fields, lines


@given(HEADS)
@example(b"GET / HTTP/1.0\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n")
def test_a_request_that_is_read_has_the_fields_that_llhttp_finds(head: bytes) -> None:
    try:
        request = read_request(head, LIMITS)
    except BadHead:
        return
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    oracle = Fields(httptools.HttpRequestParser, head)
    assert oracle.heads == 1
    assert request.cookies == [value for name, value in oracle.found if name.lower() == b"cookie"]
    kept = [(name, value) for name, value in oracle.found if name.lower() not in CUT_FROM_REQUESTS]
    if not any(name.lower() == b"connection" and b"x" in value.lower() for name, value in oracle.found):
        assert lines(request.fields) == kept


@pytest.mark.parametrize("value", [b"chunked", b" chunked", b"\tchunked", b" \t chunked\t "])
def test_blanks_around_a_value_are_any_blanks(value: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost:\ta\t\r\nTransfer-Encoding:" + value + b"\r\n\r\n"
    request = read_request(head, LIMITS)
    assert (request.host, request.framing) == (b"a", Framing.CHUNKED)


def parts_of(request: RequestHead) -> dict[str, object]:
    # A compiled class has no __slots__.
    names = [name for name in dir(request) if not name.startswith("_") and name not in ("before", "after", "again")]
    return {name: getattr(request, name) for name in names}


COOKIE_VALUES = st.one_of(
    st.sampled_from(
        [
            b"",
            b"a=1; b=2",
            b" a=1",
            b"a=1 ",
            b"\ta=1",
            b"a=1\r\nX: y",
            b"a\r\n\r\nGET / HTTP/1.1",
            b"a\nb",
            b"a\x00b",
        ]
    ),
    st.binary(max_size=12),
)


@given(HEADS, FIRST, COOKIE_VALUES)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", b"POST /b HTTP/1.1", b"")
@example(b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1", b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a\r\n\r\n", b"POST /b HTTP/1.1", b"b\r\nCookie: c")
@example(b"GET / HTTP/1.1\r\ncookie:a\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1", b"\xff; b")
def test_the_same_fields_under_another_first_line_and_with_other_cookies_are_read_alike_the_short_way_and_the_long(
    head: bytes, first: bytes, value: bytes
) -> None:
    try:
        last = read_request(head, LIMITS)
    except BadHead:
        return
    again = first + head[head.find(b"\r\n") :]
    if last.after:
        again = first + last.before + value + last.after
    end = again.find(b"\r\n\r\n") + 4
    got = read_again(again, LIMITS, last)
    if got is None:
        return
    assert end == len(again)
    assert parts_of(got) == parts_of(read_request(again, LIMITS))


def test_the_short_way_is_gone_for_a_browser_that_sends_the_same_fields_with_another_cookie() -> None:
    last = read_request(b"GET /a HTTP/1.1\r\nHost: a\r\nCookie: sid=1\r\nAccept: x\r\n\r\n", LIMITS)
    again = read_again(b"GET /b HTTP/1.1\r\nHost: a\r\nCookie: sid=22\r\nAccept: x\r\n\r\n", LIMITS, last)
    assert again is not None and (again.path, again.cookies) == (b"/b", [b"sid=22"])


@pytest.mark.parametrize("long", [b"/" + b"x" * 32768, b"/" + b"x" * 17000])
def test_the_short_way_is_not_gone_where_a_limit_may_be_exceeded(long: bytes) -> None:
    last = read_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", LIMITS)
    assert read_again(b"GET " + long + b" HTTP/1.1\r\nHost: a\r\n\r\n", LIMITS, last) is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0), (b"\r", 0), (b"G", 0), (b"GET", 0), (b"GET ", 0), (b"GET /", 0), (b"GET / HT", 0), (b"GET / HTTP/1.1\r", 0),
        (b"GET / HTTP/1.1\r\nHost", 0), (b"BREW / HTTP/1.1\r\n", 0),
        (b"\x16\x03\x01\x02\x00", 400), (b"GARBAGE\r\n", 400), (b"a b c d", 400), (b"GET / FTP/", 400), (b"\n", 400), (b"GET / HTTP/1.1\n", 400),
        (b"PRI * HTTP/2.0\r\n", 505), (b"CONNECT a:1 HTTP/1.1\r\n", 501), (b"G" * 70, 400), (b"GET /" + b"x" * 32768, 431),
    ],
)  # fmt: skip
def test_an_invalid_beginning_is_refused_before_the_end_of_the_head(data: bytes, status: int) -> None:
    if not status:
        refuse_early(data, 0, LIMITS)
        return
    with pytest.raises(BadHead) as refused:
        refuse_early(data, 0, LIMITS)
    assert refused.value.status == status
    with pytest.raises(BadHead) as refused:  # in single octets, each read once
        for octets in range(1, len(data) + 1):
            refuse_early(data[:octets], octets - 1, LIMITS)
    assert refused.value.status == status


def test_a_length_of_five_thousand_digits_is_a_bad_request() -> None:
    with pytest.raises(BadHead) as refused:
        read_request(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\n\r\n" % (b"0" * 5000), LIMITS)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", [b"Connection", b"TE"])
def test_blanks_without_end_in_a_list_are_read_in_one_pass(name: bytes) -> None:
    def read(blanks: int) -> None:
        line = name + b": a" + b" " * blanks + b"b\r\n"
        read_request(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n", LIMITS)

    assert growth(read, 2_000) < LINEAR  # 0.4 s for the larger one if the search began at every blank


def test_the_obsolete_cookie_fields_are_removed() -> None:
    request = read_request(b"GET / HTTP/1.1\r\nHost: a\r\nCookie2: $Version=1\r\n\r\n", LIMITS)
    response = read_response(b"HTTP/1.1 200 OK\r\nSet-Cookie2: a=1\r\n\r\n", LIMITS, to_head=False)
    assert b"ookie2" not in request.fields + b"".join(response.parts)


def with_cookies(*counts: int) -> bytes:
    fields = b"".join(b"Cookie: " + b"; ".join([b"a=1"] * count) + b"\r\n" for count in counts)
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


@pytest.mark.parametrize(("counts", "fits"), [((300,), True), ((301,), False), ((150, 150), True), ((150, 151), False)])
def test_more_cookies_than_browsers_keep_are_refused_the_short_way_and_the_long(
    counts: tuple[int, ...], fits: bool
) -> None:
    head = with_cookies(*counts)
    last = read_request(with_cookies(1), LIMITS)
    if fits:
        assert len(read_request(head, LIMITS).cookies) == len(counts)
        assert len(counts) > 1 or read_again(head, LIMITS, last) is not None
    else:
        assert read_again(head, LIMITS, last) is None
        with pytest.raises(BadHead) as refused:
            read_request(head, LIMITS)
        assert (refused.value.status, refused.value.reason) == (431, "head_too_large")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n", 400),
        (b"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_a_request_whose_framing_or_target_is_not_certain_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(BadHead) as refused:
        read_request(head, LIMITS)
    assert refused.value.status == status


def test_an_upgrade_with_a_body_is_an_ordinary_request_unless_it_is_for_websocket() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\n"
    request = read_request(head, LIMITS)
    assert (request.upgrade, request.length) == (b"", 1)


def test_the_path_of_a_target_in_absolute_form_begins_with_a_slash() -> None:
    for target, path in ((b"http://b?x=1", b"/?x=1"), (b"HTTP://b", b"/"), (b"https://b:8/c", b"/c")):
        request = read_request(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n", LIMITS)
        assert request.path == path and request.host.startswith(b"b")


def test_a_name_with_blanks_without_end_before_its_value_is_not_remembered() -> None:
    lead = b"\r\nCookie:" + b" " * 100
    request = read_request(b"GET / HTTP/1.1\r\nHost: a" + lead + b"sid=1\r\n\r\n", LIMITS)
    assert request.cookies == [b"sid=1"] and lead not in lower_names


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_without_its_end_is_incomplete(head: bytes) -> None:
    with pytest.raises(httptools.HttpParserError):
        examine(httptools.HttpRequestParser, head)
