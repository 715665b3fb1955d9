"""Outgoing lines have one reading: all browsers respect the bound, and every deletion deletes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import is_deletion, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.keys import throw_away
from tests.support.policies import policy
from tests.support.spellings import AGES, DATES, READERS, TABLE

NOW = 1_790_000_000.0
BOUND = 3600
POLICY = """
version: 1
consent: {cookie: answer, format: list}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional}
  - {name: bounded, category: functional, lifetime: 1h}
  - {name: ends, category: functional, lifetime: session}
  - {name: visits, category: analytics, lifetime: 1h}
  - {name: sealed, category: functional, lifetime: 1h, seal: true}
  - {name: moved, category: functional, lifetime: 1h, path: /, same_site: None, partitioned: true, secure: true}
  - {name: plain, category: functional, lifetime: 1h, secure: keep}
"""
NAMES = ["bounded", "ends", "visits", "sealed", "moved", "plain", "undeclared"]


def engine() -> Engine:
    found = policy(POLICY)
    return Engine(found, None, NOW, throw_away(found))


ENGINE = engine()
AGE = st.one_of(st.sampled_from(AGES), st.from_regex(r"[+-]?[0-9]{0,22}[x .]?", fullmatch=True))
DATE = st.one_of(
    st.sampled_from(DATES),
    st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3}[ /-][A-Z][a-z]{2}[ -][0-9]{1,5} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3})?( [A-Z+0-9]{1,5})?", fullmatch=True),
)  # fmt: skip
ATTRIBUTE = st.one_of(
    st.builds("Max-Age={}".format, AGE),
    st.builds(" expires={}".format, DATE),
    st.sampled_from(["Max-Age", "Expires", "Path=/", " ", "x", " Secure", "HttpOnly", "Partitioned", "SameSite=None", "Domain="]),
)  # fmt: skip
LINE = st.builds(
    lambda value, attributes: value + "".join(f";{attribute}" for attribute in attributes),
    st.sampled_from(["=CANARY", "="]),
    st.lists(ATTRIBUTE, max_size=5),
)


def check(name: str, rest: str) -> None:
    line = (name + rest).encode()
    (judged,) = ENGINE.on_response([(b"Set-Cookie", line)], Exchange(b"shop.example"), NOW).cookies
    if judged.after is None:
        return
    text, cookie = judged.after.decode(), parse_set_cookie(line)
    assert cookie is not None
    readings = [read(text, NOW) for read in READERS]
    if is_deletion(cookie, clock_at(NOW)):
        assert Reason.DELETION in judged.decision.reasons
        assert readings == [0, 0] and "CANARY" not in text, text
        return
    assert name not in ("visits", "undeclared"), "without consent nothing is stored"
    assert name != "sealed" or "CANARY" not in text
    assert (
        all(reading is None or reading > 0 for reading in readings) or Reason.LIFETIME_CAPPED in judged.decision.reasons
    )
    most = 0 if name == "ends" else BOUND
    assert all(reading is None or reading <= most for reading in readings), text


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_of_the_table_respects_its_bound_and_deletions(name: str) -> None:
    assert len(set(TABLE)) >= 150
    for spelling in TABLE:
        for value in ("=CANARY; ", "=; "):
            check(name, value + spelling)


@settings(max_examples=200)
@given(st.sampled_from(NAMES), LINE)
def test_every_generated_spelling_respects_its_bound_and_deletions(name: str, rest: str) -> None:
    check(name, rest)


@pytest.mark.parametrize(
    ("line", "chromium", "firefox"),
    [
        # the readers themselves: in each of these, the browser was seen to disagree with RFC 6265bis
        ("a=1; Max-Age=0; Max-Age=x", None, None),
        ("a=1; Max-Age=+31536000", 31536000, None),
        ("a=1; Max-Age=99999999999999999999x", float("inf"), float("inf")),
        ("a=1; Max-Age=-", None, 0),
        ("a=1; Max-Age=+0", 0, None),
        ("a=1; Expires=Fri, 31 Dec 2027", None, float("inf")),
        ("a=1; Max-Age=60; Expires=x", 60, 60),
        ("a=1; Max-Age=x; Expires=Mon, 21 Sep 2026 14:13:21 GMT", 1, 1),
        ("a=1; Max-Age=" + "0" * 1100 + "60", None, None),
    ],
)  # fmt: skip
def test_the_readers_read_as_their_browsers_do(line: str, chromium: float | None, firefox: float | None) -> None:
    assert [read(line, NOW) for read in READERS] == [chromium, firefox]
