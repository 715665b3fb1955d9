"""Parsing that loses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookie import build_set_cookie, parse_attribute, parse_set_cookie


@given(st.binary(max_size=80))
def test_building_what_was_parsed_gives_the_same_bytes(line: bytes) -> None:
    cookie = parse_set_cookie(line)
    if cookie is not None:
        assert build_set_cookie(cookie) == line


def test_an_attribute_over_1024_bytes_does_not_count() -> None:
    cookie = parse_set_cookie(b"a=1; Domain=b.example; Domain=" + b"x" * 1025)
    assert cookie is not None
    found = cookie.last(b"domain")
    assert found is not None and found.value == b"b.example"


def test_what_holds_a_value_does_not_print_it() -> None:
    cookie = parse_set_cookie(b"a=CANARY")
    assert "CANARY" not in repr(cookie)
    assert "CANARY" in repr(parse_attribute(b" Path=CANARY"))
