"""Cookie dates beyond the conformance suite."""

import calendar
import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date

MONTHS = list(calendar.month_abbr)[1:]


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
        # the first month, day and time count, in any order
        (b"Jan, 1-Dec 99 1:2:3 GMT", 915152523),
        (b"May, 02 DEC 00 23:59:59 GMT", 957311999),
        (b"1:2:3x 2027 02feb 31", None),
        (b"1:2:3x 31 2027 Feb-x", None),
        (b"23:59:59 2 feb 2027 GMT", 1801612799),
        (b"2 feb 2027 23:59:60", None),
        (b"2 feb 2027 23:60:59", None),
        (b"2 feb 0099 0:0:0", 915148800 + 32 * 86400),
    ],
)
def test_dates_are_read_as_browsers_read_them(text: bytes, seconds: int | None) -> None:
    assert parse_cookie_date(text) == seconds


DAY_WORDS, DAYS, YEARS = ("Fri,", "Friday", "May,", ""), ("1", "31", "29", "02", "31Dec"), ("2027", "99", "070", "1600")
TIMES, ZONES = ("12:00:00", "1:2:3x", "24:0:0", "23:59:59"), ("", "GMT", "gmt", "+0200", "12345")
IN_ORDER = [DAY_WORDS, DAYS, ("Jan", "feb", "DEC", "x"), YEARS, TIMES, ZONES]
USUAL = st.tuples(*map(st.sampled_from, IN_ORDER)).map(list)
ANY = st.lists(st.sampled_from([word for words in IN_ORDER for word in words]), max_size=7)


def literal(text: bytes) -> int | None:
    """Return the seconds of a date by RFC 6265bis 5.1.1, step by step."""
    time = day = month = year = None
    for token in re.findall(rb"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+", text):
        if time is None and (found := re.fullmatch(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([^0-9].*)?", token)):
            time = [int(found[at]) for at in (1, 2, 3)]
        elif day is None and (found := re.fullmatch(rb"([0-9]{1,2})([^0-9].*)?", token)):
            day = int(found[1])
        elif month is None and token[:3].lower().decode("latin-1").title() in MONTHS:
            month = MONTHS.index(token[:3].lower().decode("latin-1").title()) + 1
        elif year is None and (found := re.fullmatch(rb"([0-9]{2,4})([^0-9].*)?", token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if year < 1601:
        return None
    try:
        return calendar.timegm((*datetime(year, month, day, *time).timetuple()[:6], 0, 0, 0))
    except ValueError:
        return None


@given(USUAL | ANY, st.sampled_from([" ", "-", ", "]))
def test_the_usual_order_is_read_as_any_other(words: list[str], between: str) -> None:
    text = between.join(filter(None, words)).encode()
    assert parse_cookie_date(text) == literal(text)


@given(st.integers(-11644473600, 253402300799))
def test_a_written_date_reads_back_the_same(seconds: int) -> None:
    assert parse_cookie_date(imf_fixdate(seconds)) == seconds


def test_a_date_beyond_the_calendar_is_its_last_second() -> None:
    assert imf_fixdate(10**15) == b"Fri, 31 Dec 9999 23:59:59 GMT"
