"""Consent, as one table: category, the visitor's answer, direction."""

import pytest

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.memo import MAX_SCOPES
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import policy

NOW = 1_000_000_000
POLICY = """
version: 1
consent: {cookie: answer, format: list}
undeclared: {response: block, request: strip}
categories:
  functional: {consent: exempt, basis: needed}
  analytics: {consent: required, gpc: deny}
  support: {consent: required, granted_by: [chat, mail], gpc: default}
cookies:
  - {name: answer, category: functional, http_only: keep, set_by: both}
  - {name: sid, category: functional}
  - {name: visits, category: analytics}
  - {name: talk, category: support}
  - {name: trial, category: analytics, stage: report}
  - {name: lb, set_by: infrastructure}
"""
EXEMPT, ANALYTICS, SUPPORT, UNDECLARED = "sid", "visits", "talk", "other"

STATES = [
    # answer, Sec-GPC: for each cookie the reason of its block, or empty
    ("none", None, None, {ANALYTICS: "no-consent", SUPPORT: "no-consent"}),
    ("denied", "", None, {ANALYTICS: "no-consent", SUPPORT: "no-consent"}),
    ("granted", "analytics,chat,mail", None, {}),
    ("one granted", "analytics", None, {SUPPORT: "no-consent"}),
    ("half granted", "chat", None, {ANALYTICS: "no-consent", SUPPORT: "no-consent"}),
    ("garbage", "{!", None, {ANALYTICS: "consent-unreadable", SUPPORT: "consent-unreadable"}),
    ("GPC, granted", "analytics,chat,mail", b"1", {ANALYTICS: "gpc"}),
    ("GPC, said twice", "analytics,chat,mail", b"1, 1", {ANALYTICS: "gpc"}),
    ("GPC, none", None, b"1", {ANALYTICS: "gpc", SUPPORT: "gpc"}),
    ("GPC, denied", "", b"1", {ANALYTICS: "gpc", SUPPORT: "no-consent"}),
    ("GPC of another value", "analytics,chat,mail", b"true", {}),
]


def request(answer: str | None, gpc: bytes | None, *cookies: str) -> list[Header]:
    pieces = [*([f"answer={answer}"] if answer is not None else []), *cookies]
    fields = [(b"Cookie", "; ".join(pieces).encode())] if pieces else []
    return [*fields, *([(b"Sec-GPC", gpc)] if gpc else [])]


@pytest.mark.parametrize(("answer", "gpc", "refused"), [state[1:] for state in STATES], ids=[s[0] for s in STATES])
@pytest.mark.parametrize("cookie", [EXEMPT, ANALYTICS, SUPPORT, UNDECLARED])
@pytest.mark.parametrize("mode", Mode)
def test_a_cookie_passes_in_either_direction_when_its_category_is_granted(
    answer: str | None, gpc: bytes | None, refused: dict[str, str], cookie: str, mode: Mode
) -> None:
    engine = Engine(policy(POLICY), mode)
    why = "undeclared" if cookie == UNDECLARED else refused.get(cookie)
    passes = why is None or mode is Mode.REPORT
    headers = request(answer, gpc, f"{cookie}=1")

    (*_, judged) = engine.on_request(headers, Exchange(), NOW).cookies
    assert [reason.value for reason in judged.decision.reasons] == ([why] if why else [])
    assert (judged.after is not None) == passes

    line = f"{cookie}=1".encode()
    (judged,) = engine.on_response([(b"Set-Cookie", line)], Exchange(headers=headers), NOW).cookies
    assert [reason.value for reason in judged.decision.reasons] == ([why] if why else [])
    assert judged.after == (line if passes else None)


ANSWERED_NOW = [
    # answer of the request, Set-Cookie with a new answer, Sec-GPC: the reason that blocks `visits` on that response
    ("analytics", "answer=", None, "no-consent"),
    ("analytics", "answer=chat; Path=/", None, "no-consent"),
    ("analytics", "answer=; Max-Age=0", None, "no-consent"),
    ("analytics", "answer=analytics; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None, "no-consent"),
    ("analytics", "answer=analytics,chat", None, None),
    ("analytics", "answer=analytics", b"1", "gpc"),
    ("", "answer=analytics", None, "no-consent"),  # the stricter answer counts
    (None, "answer=analytics", None, "no-consent"),
    ("analytics", "other-answer=", None, None),
]


@pytest.mark.parametrize(("came", "line", "gpc", "why"), ANSWERED_NOW)
def test_an_answer_that_changes_is_in_force_on_that_very_response(
    came: str | None, line: str, gpc: bytes | None, why: str | None
) -> None:
    engine = Engine(policy(POLICY))
    lines = [(b"Set-Cookie", b"visits=1"), (b"Set-Cookie", line.encode())]
    for headers in (lines, lines[::-1]):
        outcome = engine.on_response(headers, Exchange(headers=request(came, gpc)), NOW)
        (judged,) = (judged for judged in outcome.cookies if judged.name == b"visits")
        assert [reason.value for reason in judged.decision.reasons] == ([why] if why else [])


def test_a_deletion_needs_no_consent_and_a_staged_entry_is_only_reported() -> None:
    engine = Engine(policy(POLICY))
    lines = [(b"Set-Cookie", b"visits=; Max-Age=0"), (b"Set-Cookie", b"trial=1")]
    gone, trial = engine.on_response(lines, Exchange(), NOW).cookies
    assert gone.after == b"visits=; Max-Age=0"
    assert (trial.after, trial.decision.enforced) == (b"trial=1", False)


def test_two_answers_that_disagree_are_unknown() -> None:
    engine = Engine(policy(POLICY))
    headers = [(b"Cookie", b"answer=analytics; answer=chat; visits=1"), (b"cookie", b"answer=analytics")]
    assert engine.on_request(headers, Exchange(), NOW).headers == [
        (b"Cookie", b"answer=analytics; answer=chat; answer=analytics")
    ]


OBJECTION = """
version: 1
{top}
categories:
  need: {{basis: needed}}
  stats: {{consent: opt-out{stats}}}
  ads: {{consent: required{ads}}}
cookies:
  - {{name: answer, category: need}}
  - {{name: hits, category: stats}}
  - {{name: banner, category: ads}}
"""
ASKED = "consent: {cookie: answer}"
OBJECTIONS = [
    # top, keys of stats and of ads, answer, Sec-GPC, reasons for hits and for banner
    (ASKED, "", "", None, None, "", "no-consent"),
    (ASKED, "", "", "ads", None, "objected", ""),
    (ASKED, "", "", "stats", None, "", "no-consent"),
    (ASKED, "", "", "{", None, "", "consent-unreadable"),
    (ASKED, "", "", None, b"1", "", "no-consent"),
    (ASKED, ", gpc: deny", "", "stats", b"1", "gpc", "no-consent"),
    (ASKED, ", unknown: deny", ", unknown: grant", None, None, "no-consent", ""),
    (ASKED, ", unknown: deny", ", unknown: grant", "{", None, "consent-unreadable", ""),
    ("consent: {cookie: answer, unknown: grant}", "", ", unknown: deny", None, None, "", "no-consent"),
    ("consent: {cookie: answer, unknown: deny}", "", "", None, None, "", "no-consent"),
]


@pytest.mark.parametrize(("top", "stats", "ads", "answer", "gpc", "hits", "banner"), OBJECTIONS)
def test_cookies_pass_until_the_visitor_objects(
    top: str, stats: str, ads: str, answer: str | None, gpc: bytes | None, hits: str, banner: str
) -> None:
    engine = Engine(policy(OBJECTION.format(top=top, stats=stats, ads=ads)))
    sent = request(answer, gpc, "hits=1", "banner=1")
    (*_, one, other) = engine.on_request(sent, Exchange(), NOW).cookies
    lines = [(b"Set-Cookie", b"hits=1"), (b"Set-Cookie", b"banner=1")]
    set_one, set_other = engine.on_response(lines, Exchange(headers=sent), NOW).cookies
    for judged, why in ((one, hits), (set_one, hits), (other, banner), (set_other, banner)):
        assert [reason.value for reason in judged.decision.reasons] == ([why] if why else [])
        assert (judged.after is None) == bool(why)


@pytest.mark.parametrize(
    "lines",
    [
        ["answer=off", "hits=1"],
        ["answer=; Path=/old; Max-Age=0", "answer=off; Path=/", "hits=1"],
        ["hits=1", "answer=stats", "answer=off"],
        ["answer=off", "hits=1", *(f"answer=stats; Path=/{n}" for n in range(30))],
    ],
)
def test_an_objection_among_several_answers_of_a_response_counts(lines: list[str]) -> None:
    engine = Engine(policy(OBJECTION.format(top=ASKED, stats="", ads="")))
    headers = [(b"Set-Cookie", line.encode()) for line in lines]
    cookies = engine.on_response(headers, Exchange(headers=request("stats", None)), NOW).cookies
    (hits,) = (judged for judged in cookies if judged.name == b"hits")
    assert [reason.value for reason in hits.decision.reasons] == ["objected"]


def test_an_objection_needs_no_consent_cookie_if_only_the_signal_objects() -> None:
    alone = "version: 1\ncategories: {s: {consent: opt-out, gpc: deny}}\ncookies: [{name: hits, category: s}]\n"
    engine = Engine(policy(alone))
    for gpc, passes in ((None, True), (b"1", False), (b"0", True)):
        headers = [(b"Cookie", b"=x; hits=1"), *([(b"Sec-GPC", gpc)] if gpc else [])]
        (*_, judged) = engine.on_request(headers, Exchange(), NOW).cookies
        assert (judged.after is not None) == passes
        (judged,) = engine.on_response([(b"Set-Cookie", b"hits=1")], Exchange(headers=headers), NOW).cookies
        assert (judged.after is not None) == passes


def test_unknown_may_grant() -> None:
    engine = Engine(policy(POLICY.replace("format: list", "unknown: grant")))
    for answer, gpc, passes in ((None, None, True), ("", None, False), (None, b"1", False)):
        (*_, judged) = engine.on_request(request(answer, gpc, "talk=1"), Exchange(), NOW).cookies
        assert (judged.after is not None) == passes


def test_the_memo_of_hosts_and_answers_is_bounded() -> None:
    engine = Engine(policy(POLICY))
    for number in range(3 * MAX_SCOPES):
        for answer in ("", "analytics", "chat,mail"):
            engine.scope(Exchange(f"h{number}".encode(), headers=request(answer, None)))
    assert len(engine._scopes) <= MAX_SCOPES
