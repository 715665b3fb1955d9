"""Cookie dates: the lenient parser of RFC 6265bis 5.1.1 and the writer of IMF-fixdate (RFC 9110 5.6.7)."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

# RFC 6265bis 5.1.1: delimiter = %x09 / %x20-2F / %x3B-40 / %x5B-60 / %x7B-7E
_TOKENS = re.compile(rb"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
# Each production ends at a non-digit; the rest of the token is ignored.
_TIME = re.compile(rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(rb"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(rb"([0-9]{2,4})(?![0-9])")
# The order of nearly all dates: day, month, year and time. The lenient algorithm finds the same.
_USUAL = re.compile(
    rb"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
    rb"([0-9]{1,2})[ -](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[ -]([0-9]{4}|[0-9]{2}) "
    rb"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?: GMT)?",
    re.IGNORECASE,
)
_MONTHS = {
    m: i
    for i, m in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
_EPOCH = date(1970, 1, 1).toordinal()
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=1024)  # applications write few different dates (0.1 µs instead of 2)
def parse_cookie_date(text: bytes) -> int | None:
    """Parse a date to seconds since the epoch, or None if browsers would reject it."""
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        day, month, year, hour, minute, second = usual.groups()
        return _seconds(int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second))
    return _parse_in_any_order(text)


def _parse_in_any_order(text: bytes) -> int | None:
    """Parse a date by the algorithm of RFC 6265bis 5.1.1, token by token."""
    time = day = month = year = None
    for token in _TOKENS.findall(text):
        if not token[:1].isdigit():  # only a month begins with a letter
            month = month or _MONTHS.get(token[:3].lower())
        elif time is None and (found := _TIME.match(token)):
            time = found.groups()
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    return _seconds(year, month, day, int(time[0]), int(time[1]), int(time[2]))


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """Return seconds since the epoch, or None for a time that does not exist. Years below 100 have a century."""
    if year < 70:
        year += 2000
    elif year < 100:
        year += 1900
    if year < 1601 or hour > 23 or minute > 59 or second > 59:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    return days * 86_400 + hour * 3600 + minute * 60 + second


class ExpiresClock(NamedTuple):
    """The times from which browsers may count an Expires of one response, in seconds since the epoch.

    Chromium and Firefox use the difference of Expires and Date as the lifetime. Other browsers use their own clock. A
    bound counts from the earlier time, so that browsers never keep the cookie longer."""

    earliest: float
    latest: float
    sent: float
    """The time that decides whether an Expires is a deletion: the Date, or the latest time if the Date is unclear."""
    is_known: bool = True
    """False if browsers may read the Date differently: there are several, or it is not an IMF-fixdate."""
    now: float = 0.0
    """The proxy's time."""


_CLEAR = re.compile(
    rb"(?:[a-z]{3,},? )?[0-9]{1,2}[ -][a-z]{3}[ -](?:[0-9]{4}|[0-9]{2}) "
    rb"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?: (?:gmt|utc?|z))?"
    rb"|[a-z]{3} [a-z]{3} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}",
    re.IGNORECASE,
)
"""Dates that browsers read alike, although HTTP does not allow them all: RFC 850, asctime, and other letter cases."""


def clock_at(now: float) -> ExpiresClock:
    """Return the clock of a response without a Date, or with the current one."""
    return ExpiresClock(now, now, now, now=now)


def expires_clock(dates: Sequence[bytes], now: float) -> ExpiresClock:
    """Return the clock of a response with these values of Date fields. `now` is in seconds since the epoch."""
    if not dates:
        return clock_at(now)
    texts = [date.strip(b" \t") for date in dates]
    read = [at for at in map(parse_cookie_date, filter(_CLEAR.fullmatch, texts)) if at is not None and at > 0]
    is_known = len(texts) == len(read) == 1 and texts[0] == imf_fixdate(read[0])
    times = [now, *map(float, read)]
    latest = max(times)
    return ExpiresClock(min(times), latest, float(read[0]) if is_known else latest, is_known, now)


@lru_cache(maxsize=64)  # one date per bound and second (0.1 µs instead of 2)
def imf_fixdate(seconds: int) -> bytes:
    """Return a date such as `Sun, 06 Nov 1994 08:49:37 GMT`, in any locale, limited to the year 9999."""
    at = datetime.fromtimestamp(min(seconds, 253402300799), UTC)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTH_NAMES[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    ).encode()
