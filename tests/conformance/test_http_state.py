"""The IETF http-state suite: what a user agent on our parser sends back (see shared.py for where it is).

The suite is of RFC 6265's time. RFC 6265bis 5.6 says of a line without `=`: "the name string is empty, and the
value string is the entire name-value-pair string". Such cookies parse here; the 29 cases with one are run with a
user agent that ignores them, as RFC 6265 5.2 did.
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
    # RFC 6265bis 5.7: "If the cookie-attribute-list contains an attribute with an attribute-name of "Domain": let
    # the domain-attribute be the attribute-value of the last attribute" - here the empty one: host-only.
    "http-state/optional-domain0042": "foo=bar",
}
"""Cases that the suite itself marks disabled or optional, and what the RFC's sentence makes of them."""


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
