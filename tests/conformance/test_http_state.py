"""The IETF http-state suite: the Cookie header that a user agent on our parser sends back.

The suite is of RFC 6265's time. For a line without `=`, RFC 6265bis 5.6 has "the name string is empty, and the
value string is the entire name-value-pair string". The parser follows it. In the 29 cases with such a line, the user
agent ignores it, as RFC 6265 5.2 did. See tests/support/conformance.py for the location of the suite.
"""

from datetime import datetime

import pytest

from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date
from tests.support.conformance import cases
from tests.support.user_agent import UserAgent

OTHERWISE = {
    # RFC 6265bis 5.6: "If the set-cookie-string contains a %x00-08 / %x0A-1F / %x7F character (CTL characters
    # excluding HTAB): Abort this algorithm and ignore the set-cookie-string entirely."
    "http-state/disabled-chromium0022": None,
    "http-state/disabled-chromium0023": None,
    # RFC 6265bis 5.1.4: /cookie-parser-result does not path-match /cookie-parser-result/foo/bar.
    "http-state/disabled-path0029": None,
    # The last Domain attribute counts (RFC 6265bis 5.7). It is empty here, so that the cookie is host-only.
    "http-state/optional-domain0042": "foo=bar",
}
"""Cases that the suite marks disabled or optional, with the result that the RFC requires."""


@pytest.mark.parametrize("case", cases("http_state.jsonl"))
def test_a_user_agent_on_our_parser_sends_what_the_suite_expects(case: dict) -> None:
    agent = UserAgent(datetime.fromisoformat(case["as_of"]).timestamp(), nameless=not case["nameless"])
    for line in case["set_cookie"]:
        agent.receive(line.encode("latin-1"), case["set_url"])
    sent = agent.cookie_header(case["request_url"])
    expected = OTHERWISE.get(case["id"], case["expected_cookie_header"])
    assert sent == (None if expected is None else expected.encode("latin-1"))
    assert case["id"] not in OTHERWISE or case["status"] != "required"


@pytest.mark.parametrize("case", cases("http_state_dates.jsonl"))
def test_cookie_dates_are_read_as_the_suite_expects(case: dict) -> None:
    seconds = parse_cookie_date(case["date"].encode("latin-1"))
    assert (None if seconds is None else imf_fixdate(seconds).decode()) == case["expected"]
