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
    ("name", "most"),
    [
        ("Max-Age=1", 4),
        ("expires=x", 2),
        ("EXPIRES", 2),
        ("Expires = Fri, 31 Dec 2027 23:59:59 GMT", 2),
        ("Path=/", 4),
        ("Domain=a", 4),
        ("Secure", 4),
        ("HttpOnly", 4),
        ("SameSite", 4),
        ("Partitioned", 4),
        ("Priority", 4),
    ],
)
@pytest.mark.parametrize("between", ["", "; x" * 20])
def test_a_line_has_at_most_twelve_known_attributes_four_of_one_name_two_dates_and_six_tabs(
    name: str, most: int, between: str
) -> None:
    others = [other for other in ("Secure", "Path=/", "Priority=Low", "HttpOnly") if not name.startswith(other[:4])][:2]
    crowded = "".join(f"; {other}" * 4 for other in others)

    def is_read(line: str) -> bool:
        return parse_set_cookie(line.encode()) is not None

    assert is_read(f"a=1{between}" + f"; {name}" * most)
    assert not is_read(f"a=1{between}" + f"; {name}" * (most + 1))
    assert is_read(f"a=1{between}{crowded}" + f"; {name}" * most)
    assert is_read(f"a\t=\t1{between};\tx\t" + f"; {name}\t" * 2 + "\t\t")
    assert not is_read(f"a=1{between};\tx\t" + f"; {name}\t" * 2 + "\t\t\t")
    more = "; Domain=x; SameSite=Lax; Max-Age=1; Partitioned; Priority"
    assert not is_read(f"a=1{between}{crowded}" + f"; {name}" * most + more)
