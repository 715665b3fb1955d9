"""Spellings of lifetimes and deletions, and the readings of two browsers.

Each reader follows the source of its browser for the attributes of one line, slowly and plainly.
`tests/browser/test_readings.py` compares the same table with a real Chromium and a real Firefox."""

import re
from itertools import product

from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date

FOREVER = float("inf")

AGES = [
    "0", "-1", "-0", "00", "60", "060", "31536000", "+31536000", "+0", "99999999999999999999", "99999999999999999999x",
    "-99999999999999999999", "x", "0x", "60x", "x60", "1.5", "1e9", '"60"', '"0"', "60 60", "60,60", "60\t", "-", "--1", "+", "",
    "0" * 1100 + "60", "0" * 500 + "60", "\u0666\u0660", "6_0",
]  # fmt: skip
DATES = [
    "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01-Jan-1970 00:00:00 GMT", "Thu, 01-Jan-70 00:00:00 GMT", "Thu, 01 Jan 1970", "0", "-1",
    "Fri, 31 Dec 2027 23:59:59 GMT", "Fri, 31-Dec-2027 23:59:59 GMT", "Fri, 31-Dec-27 23:59:59 GMT", "Fri Dec 31 23:59:59 2027",
    "Fri, 31 Dec 2027", "12/31/2027 23:59:59", "31/12/2027 23:59:59", "12/31/27", "Fri, 31 Dec 2027 23:59 GMT", "31 Dec 2027 11:59 PM",
    "Fri, 31 Dec 02027 23:59:59 GMT", "Fri, 31 Dec 20270 23:59:59 GMT", "Fri, 31 Dec 2027 000:00:00 GMT", "Fri, 31 Dec 2027 23:59:060 GMT",
    "Fri, 31 Dec 2027 23:59:59 +1200", "Fri, 31 Dec 2027 23:59:59 EST", "Fri, 31 Dec 2027 11:59:59 PM", '"Fri, 31 Dec 2027 23:59:59 GMT"',
    "2027-12-31T23:59:59Z", "2027-12-31 23:59:59", "20271231T235959Z", "December 31, 2027 23:59:59", "31.12.2027 23:59:59",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 32 Dec 2027 23:59:59 GMT", "Fri, 31 Feb 2027 23:59:59 GMT",
    "Fri, 31 Dec 2027 24:00:00 GMT", "Fri, 31 Dec 2027 23:59:60 GMT", "Fri, 31 Dec 1600 23:59:59 GMT", "Dec 31 23:59:59 GMT 2027 x",
    "never", "", "x" * 1100, "-" * 1100 + "Fri, 31 Dec 2027 23:59:59 GMT",
]  # fmt: skip
ALONE = (
    [f"Max-Age={age}" for age in AGES]
    + [f"Expires={date}" for date in DATES]
    + ["Max-Age", "Expires", "max-age = 60 ", "EXPIRES=x"]
)
_PAIRED = [
    "Max-Age=0", "Max-Age=60", "Max-Age=31536000", "Max-Age=x", "Max-Age=+31536000", "Max-Age=99999999999999999999x",
    "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=Fri, 31 Dec 2027 23:59:59 GMT", "Expires=Fri, 31 Dec 2027", "Expires=x",
]  # fmt: skip
PAIRS = [f"{one}; {other}" for one, other in product(_PAIRED, _PAIRED) if one != other]
TABS = [
    "Max-Age=\t0", "Max-Age\t=0", "\tMax-Age=0\t", "Path=\t/; Max-Age=0", "Path\t=/; Max-Age=\t0", "Secure=\tx; Max-Age=0",
    "Expires=\tThu, 01 Jan 1970 00:00:00 GMT", "Max-Age=\t60", "Expires\t=\tFri, 31 Dec 2027 23:59:59 GMT",
]  # fmt: skip
"""Tabs around names and values, which browsers ignore."""
CROWDED = [
    "x; " * 20 + "Max-Age=31536000",
    "x; " * 60 + "Max-Age=0",
    "Max-Age=0; " + "x; " * 60 + "Max-Age=x",
    "Max-Age=0;;Max-Age=x;",
]
TABLE = ALONE + PAIRS + TABS + CROWDED


def attributes(line: str) -> list[tuple[str, str]]:
    """Return names in lower case, and values, without blanks around them."""
    parted = (attribute.partition("=") for attribute in line.split(";")[1:])
    return [(name.strip(" \t").lower(), value.strip(" \t")) for name, _, value in parted]


def in_chromium(line: str, now: float) -> float | None:
    """Return the seconds for which Chromium keeps the cookie of a line. 0 or less is a deletion, None a session cookie.

    `ParsedCookie` keeps the last of each attribute, without those over 1,024 octets.
    `CanonicalCookie::ParseExpiration` reads Max-Age with `base::StringToInt64`. It takes an overflow as the end of the
    range, even if more text follows. Otherwise it reads Expires.
    """
    last = {name: value for name, value in attributes(line) if len(value.encode()) <= 1024}
    age = re.fullmatch(r"([+-]?)([0-9]+)(.*)", last.get("max-age", ""), re.DOTALL | re.ASCII)
    if age is not None:
        seconds = int(age[1] + age[2])
        overflows = not -(2**63) <= seconds < 2**63
        if overflows or not age[3]:
            return FOREVER if seconds >= 2**63 else max(0, seconds)
    return _by_date(last.get("expires", ""), now)


def in_firefox(line: str, now: float) -> float | None:
    """Return the same for Firefox. `CookieParser::ParseMaxAgeAttribute` takes any value that begins with `-` as a
    deletion, and stops at the digit that overflows. NSPR reads its dates. This function reads the usual form exactly,
    and any other form as its worst possible meaning."""
    last = {name: value for name, value in attributes(line) if len(value.encode()) <= 1024}
    age = last.get("max-age", "")
    if age.startswith("-"):
        return 0
    if re.fullmatch(r"[0-9]+", age, re.ASCII) or re.match(r"[0-9]{20}", age, re.ASCII):
        digits = re.match(r"[0-9]+", age, re.ASCII)
        return min(int(digits[0]), FOREVER) if digits and age == digits[0] else FOREVER
    expires = last.get("expires", "")
    at = parse_cookie_date(expires.encode())
    if expires and (at is None or imf_fixdate(at).decode() != expires):
        return FOREVER
    return _by_date(expires, now)


def _by_date(text: str, now: float) -> float | None:
    at = parse_cookie_date(text.encode())
    return None if at is None else at - now


READERS = [in_chromium, in_firefox]
