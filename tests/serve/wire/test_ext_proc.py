"""Envoy's messages: read from any order of fields, and written as Envoy accepts them."""

import pytest

from cookiewarden.serve.wire.ext_proc import Part, answer, immediate_answer, namespace, read_request
from cookiewarden.serve.wire.protobuf import BadMessage, field, number_field
from tests.support.calls import asks_request, asks_response, reply_of


def test_a_head_is_read_with_its_end() -> None:
    asked = read_request(asks_request((b"cookie", b"a=1"), end=False))
    assert (asked.part, asked.end_of_stream, asked.is_observed, asked.owns_body) == (2, False, False, False)
    assert asked.headers[-1] == (b"cookie", b"a=1")
    asked = read_request(asks_response((b"set-cookie", b"a=1"), observed=True))
    assert (asked.part, asked.end_of_stream, asked.is_observed) == (3, True, True)


def test_value_counts_where_raw_value_is_missing() -> None:
    header = field(1, b"cookie") + field(2, b"a=1")
    assert read_request(field(2, field(1, field(1, header)))).headers == [(b"cookie", b"a=1")]
    empty = field(1, b"cookie") + field(2, b"a=1") + field(3, b"")
    assert read_request(field(2, field(1, field(1, empty)))).headers == [(b"cookie", b"a=1")]


@pytest.mark.parametrize("mode", [4, 5])
def test_a_body_that_envoy_takes_from_the_answer_is_known(mode: int) -> None:
    config = field(11, number_field(1, mode))
    assert read_request(field(4, b"") + config).owns_body
    assert not read_request(field(4, b"") + field(11, number_field(1, 2))).owns_body


@pytest.mark.parametrize("octets", [b"\r", b"\n", b"\0", b"a\r\nb"])
def test_a_field_with_a_line_break_is_refused(octets: bytes) -> None:
    for name, value in ((octets, b"x"), (b"x", octets)):
        with pytest.raises(BadMessage):
            read_request(asks_request((name, value)))


def test_an_answer_without_a_change_is_empty() -> None:
    assert answer(Part.REQUEST_HEADERS) == b"\x0a\x00" and answer(Part.RESPONSE_HEADERS) == b"\x12\x00"


def test_an_immediate_answer_has_status_fields_and_body() -> None:
    reply = reply_of(immediate_answer(431, [(b"content-type", b"text/plain")], b"no"))
    assert (reply.part, reply.status, reply.sets, reply.body) == (7, 431, [(b"content-type", b"text/plain")], b"no")


def test_metadata_is_a_struct_in_one_namespace() -> None:
    inner = field(1, field(1, b"request") + field(2, field(3, b"sid strip")))
    assert namespace({"request": "sid strip"}) == field(1, field(1, b"cookiewarden") + field(2, field(5, inner)))
