"""Cookie dates beyond the conformance suite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        (b"06-nov-94 8:49:37", 784111777),
        (b"06-nov-04 8:49:37", 1099730977),
        (b"06-nov-69 8:49:37", 3150953377),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (b"Mon, 01 Jan 1601 00:00:00 GMT", -11644473600),
        (b"Mon, 01 Jan 1600 00:00:00 GMT", None),
        (b"31 Feb 2020 00:00:00", None),
        (b"06 Nov 1994 24:00:00", None),
        (b"06 Nov 1994", None),
        (b"1994 Nov 08:49:37", None),
        (b"", None),
        (b"9" * 1024, None),
    ],
)
def test_dates_are_read_as_browsers_read_them(text: bytes, seconds: int | None) -> None:
    assert parse_cookie_date(text) == seconds


@given(st.integers(-11644473600, 253402300799))
def test_a_written_date_reads_back_the_same(seconds: int) -> None:
    assert parse_cookie_date(imf_fixdate(seconds)) == seconds


def test_a_date_beyond_the_calendar_is_its_last_second() -> None:
    assert imf_fixdate(10**15) == b"Fri, 31 Dec 9999 23:59:59 GMT"
