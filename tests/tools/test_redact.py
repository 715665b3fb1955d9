"""Lines without values, for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.tools.redact import differing_attributes, without_value


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"sid=CANARY; Path=/; Secure", "sid=<6 bytes>; Path=/; Secure"),  # realistic
        (b"sid=x", "sid=<1 byte>"),
        (b"sid=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/", "sid=<0 bytes>; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"),
        (b"sid=x;Max-Age=60 ; SameSite=Lax;HttpOnly", "sid=<1 byte>;Max-Age=60 ; SameSite=Lax;HttpOnly"),
        (b"CANARY; Secure", "<6 bytes>; Secure"),
        (b'sid="a;CANARY"; Path=/', 'sid=<2 bytes>;<7 bytes>; Path=/'),  # the application expects quotes to protect a `;`
        (b"sid=a; CANARY=CANARY", "sid=<1 byte>; <13 bytes>"),
        (b"sid=a; SameSite=CANARY; Domain=CAN ARY; Max-Age=CANARY", "sid=<1 byte>; SameSite=<6 bytes>; Domain=<7 bytes>; Max-Age=<6 bytes>"),
        (b"sid=a; Expires=CANARY 1 Jan 2030 00:00:00", "sid=<1 byte>; Expires=<26 bytes>"),
        (b"sid=a; Secure=CANARY; path=CANARY", "sid=<1 byte>; Secure=<6 bytes>; path=<6 bytes>"),
        (b"sid=a;", "sid=<1 byte>;"), (b"", "<0 bytes>"), (b";", "<0 bytes>;"),
        (b"a=b; Domain=.Shop.example; Priority=High; Partitioned", "a=<1 byte>; Domain=.Shop.example; Priority=High; Partitioned"),
    ],
)  # fmt: skip
def test_values_and_possible_parts_of_values_are_replaced_by_their_length(line: bytes, shown: str) -> None:
    assert without_value(line) == shown


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_text_after_a_semicolon_in_a_value_is_not_shown(before: bytes, after: bytes) -> None:
    assert "CANARY" not in without_value(b"sid=" + before + b";CANARY" + after)


@pytest.mark.parametrize(
    ("one", "other", "which"),
    [
        (b"a=1; Path=/; Max-Age=5", b"a=1; Path=/; Max-Age=6; Secure", ["Max-Age", "Secure"]),
        (b"a=1; secure", b"a=1; Secure", []), (b"a=1", b"", []), (b"a=1; x=2", b"a=1; x=3", []),
    ],
)  # fmt: skip
def test_attributes_that_differ_are_named(one: bytes, other: bytes, which: list[str]) -> None:
    assert differing_attributes(one, other) == which
