"""Parsing of cookies, without a loss of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import build_set_cookie, parse_set_cookie


@given(st.binary(max_size=80))
def test_building_what_was_parsed_gives_the_same_bytes(line: bytes) -> None:
    cookie = parse_set_cookie(line)
    if cookie is not None:
        assert build_set_cookie(cookie) == line


def test_an_attribute_over_1024_bytes_does_not_count() -> None:
    cookie = parse_set_cookie(b"a=1; Domain=b.example; Domain=" + b"x" * 1025)
    assert cookie is not None
    assert cookie.last(b"domain") == b"b.example"


def test_objects_with_a_value_do_not_print_it() -> None:
    cookie = parse_set_cookie(b"a=CANARY")
    assert "CANARY" not in repr(cookie)


def test_a_line_of_many_attributes_keeps_its_bytes_and_those_that_mean_something() -> None:
    for junk in (b"x", b"", b" a=b ", b"securely", b"xpath=/a"):
        line = b"a=1;" + b";".join([junk] * 100) + b"; Path=/x;Secure ;" + b";".join([junk] * 100)
        cookie = parse_set_cookie(line)
        assert cookie is not None and build_set_cookie(cookie) == line
        assert cookie.last(b"path") == b"/x" and cookie.has(b"secure") and not cookie.has(b"expires")


@pytest.mark.parametrize(
    "name",
    ["Max-Age=1", "expires=x", "Path=/", "Domain=a", "Secure", "HttpOnly", "SameSite", "Partitioned", "Priority"],
)
@pytest.mark.parametrize("between", ["", "; x" * 20])
def test_a_line_has_at_most_twelve_known_attributes_and_four_of_one_name(name: str, between: str) -> None:
    others = [other for other in ("Secure", "Path=/", "Priority=Low", "HttpOnly") if not name.startswith(other[:4])][:2]
    crowded = "".join(f"; {other}" * 4 for other in others)

    def is_read(line: str) -> bool:
        return parse_set_cookie(line.encode()) is not None

    assert is_read(f"a=1{between}" + f"; {name}" * 4)
    assert not is_read(f"a=1{between}" + f"; {name}" * 5)
    assert is_read(f"a=1{between}{crowded}" + f"; {name}" * 4)
    assert not is_read(f"a=1{between}{crowded}" + f"; {name}" * 4 + "; Domain=x; SameSite=Lax; Max-Age=1")
