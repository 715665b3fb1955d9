"""Names with a prefix in browsers, for applications that use another name; and repeated names."""

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.seal import Keyring
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import policy

NOW = 1_000_000_000
DAY = 86400
POLICY = """
version: 1
undeclared: {evict: host}
cookies:
  - {name: sid, rename_to: __Host-sid}
  - {name: s, rename_to: __Secure-s, lifetime: 1h}
  - {name: h, rename_to: __Host-Http-h}
  - {name: dated, rename_to: {name: __Host-dated, accept_plain_until: 2026-12-31}}
  - {name: staged, rename_to: __Host-staged, stage: report}
  - {name: sealed, rename_to: __Host-sealed, seal: true}
  - {name: there, rename_to: __Host-there, scope: {hosts: [other.example]}}
  - {name: a}
"""


def engine(mode: Mode = Mode.ENFORCE, now: float = NOW) -> Engine:
    return Engine(policy(POLICY), mode, now, Keyring([bytes(32)], lambda: bytes(12)))


SET = [
    # the line, expiring line before it, outgoing line, reasons
    ("sid=1", "sid=; Max-Age=0", "__Host-sid=1; Path=/; Secure", ["renamed", "path-changed", "secure-added", "superseded"]),
    (" sid = 1 ;Path=/app; Domain=shop.example", "sid=;Path=/app; Domain=shop.example; Max-Age=0", " __Host-sid = 1 ;Path=/; Secure", ["renamed", "domain-changed", "path-changed", "secure-added", "superseded"]),
    ("sid=; Path=/; Max-Age=0", "sid=; Path=/; Max-Age=0", "__Host-sid=; Path=/; Max-Age=0; Secure", ["renamed", "secure-added", "deletion", "superseded"]),
    ("s=1; Domain=shop.example; Max-Age=9999", "s=; Domain=shop.example; Max-Age=0", "__Secure-s=1; Domain=shop.example; Max-Age=3600; Secure", ["renamed", "secure-added", "lifetime-capped", "superseded"]),
    ("h=1; Path=/; Secure", "h=; Path=/; Secure; Max-Age=0", "__Host-Http-h=1; Path=/; Secure; HttpOnly", ["renamed", "http-only-added", "superseded"]),
    ("staged=1", "", "staged=1", []),
    ("__Host-sid=1; Path=/; Secure", "", None, ["undeclared"]),  # the application's own `__Host-` cookie is another one
]  # fmt: skip


@pytest.mark.parametrize(("line", "before", "after", "reasons"), SET)
def test_browsers_get_the_other_name_with_the_attributes_of_its_prefix(
    line: str, before: str, after: str | None, reasons: list[str]
) -> None:
    tried = engine()
    for _ in range(3):
        outcome = tried.on_response([(b"Set-Cookie", line.encode())], Exchange(b"www.shop.example"), NOW)
        assert [value.decode() for _, value in outcome.headers] == [text for text in (before, after) if text]
        (judged,) = outcome.cookies
        assert [reason.value for reason in judged.decision.reasons] == reasons


CAME = [
    ("__Host-sid=1", "sid=1", [["renamed"]]),
    ("a=1;  __Host-sid = 1 ; a=2", "a=1;  sid = 1 ; a=2", [[], ["renamed"], ["duplicate-name"]]),
    ("sid=old", "sid=old", [[]]),
    # a sibling host can set the plain name
    ("sid=old; __Host-sid=1", "sid=1", [["plain-name"], ["renamed"]]),
    ("__Host-sid=1; sid=old", "sid=1", [["renamed"], ["plain-name"]]),
    ("dated=old", "dated=old", [[]]),
    ("__host-sid=1", None, [["undeclared"]]),  # names are case-sensitive
    ("__Host-there=1; a=1", "a=1", [["out-of-scope"], []]),
    ("a=1; a=2; b=1; b=2", "a=1; a=2", [[], ["duplicate-name"], ["undeclared"], ["undeclared", "duplicate-name"]]),
    ("__Host-staged=1", "staged=1", [["renamed"]]),
]  # fmt: skip


@pytest.mark.parametrize(("header", "after", "reasons"), CAME)
def test_the_application_gets_its_own_name(header: str, after: str | None, reasons: list[list[str]]) -> None:
    tried = engine()
    scope = tried.scope(Exchange(b"www.shop.example"))
    for _ in range(3):
        found, cookies = tried.on_cookie(header.encode(), scope)
        assert found == (None if after is None else after.encode())
        assert [[reason.value for reason in judged.decision.reasons] for judged in cookies] == reasons
        assert tried.on_cookies(header.encode(), scope)[0] == found


def test_after_its_day_the_plain_name_is_let_in_no_more() -> None:
    later = engine(now=1_900_000_000)
    scope = later.scope(Exchange())
    assert later.on_cookie(b"dated=old", scope)[0] is None
    assert later.on_cookie(b"sid=old; __Host-dated=1", scope)[0] == b"sid=old; dated=1"


def test_a_renamed_cookie_only_reported_without_consent_keeps_its_own_name_upstream() -> None:
    text = """
version: 1
mode: report
categories: {f: {basis: needed}, a: {consent: required}}
consent: {cookie: c}
cookies:
  - {name: c, category: f}
  - {name: sid, category: a, rename_to: __Host-sid}
"""
    reporting = Engine(policy(text))
    after, (judged,) = reporting.on_cookie(b"__Host-sid=1", reporting.scope(Exchange()))
    assert after == b"sid=1" and not judged.decision.enforced
    assert [reason.value for reason in judged.decision.reasons] == ["no-consent", "renamed"]
    assert reporting.on_cookies(b"__Host-sid=1", reporting.scope(Exchange()))[0] == b"sid=1"


def test_a_name_that_is_given_on_another_host_only_is_none_here() -> None:
    text = """
version: 1
undeclared: {evict: host}
cookies:
  - {name: sid, rename_to: __Host-sid, scope: {hosts: [a.example]}}
  - {name: sid, scope: {hosts: [b.example]}}
"""
    enforcing = Engine(policy(text))
    there = enforcing.scope(Exchange(b"b.example"))
    after, cookies = enforcing.on_cookie(b"__Host-sid=1; sid=2", there)
    assert after == b"sid=2"
    assert [[reason.value for reason in judged.decision.reasons] for judged in cookies] == [
        ["out-of-scope"],
        [],
    ]
    assert enforcing.on_cookie(b"__Host-sid=1", enforcing.scope(Exchange(b"a.example")))[0] == b"sid=1"


def test_report_mode_renames_nothing_and_still_maps_back() -> None:
    reporting = engine(Mode.REPORT)
    outcome = reporting.on_response([(b"Set-Cookie", b"sid=1")], Exchange(), NOW)
    assert outcome.headers == [(b"Set-Cookie", b"sid=1")]
    scope = reporting.scope(Exchange())
    assert reporting.on_cookie(b"__Host-sid=1; x=1", scope)[0] == b"sid=1; x=1"
    assert reporting.on_cookie(b"__Host-sid=1; sid=2", scope)[0] == b"sid=1; sid=2"


def test_a_renamed_cookie_may_be_sealed_for_its_own_name() -> None:
    tried = engine()
    outcome = tried.on_response([(b"Set-Cookie", b"sealed=CANARY; Path=/; Secure")], Exchange(), NOW)
    line = outcome.headers[-1][1]
    assert line.startswith(b"__Host-sealed=s1.") and line.endswith(b"; Path=/; Secure")
    pair = line.partition(b";")[0]
    scope = tried.scope(Exchange())
    assert tried.on_cookie(pair, scope)[0] == b"sealed=CANARY"
    assert tried.on_cookie(pair.replace(b"__Host-sealed", b"__Host-sid"), scope)[0] == b"sid=" + pair.partition(b"=")[2]


def test_a_renamed_cookie_is_not_evicted_as_undeclared() -> None:
    headers = [(b"Accept", b"text/html"), (b"Cookie", b"__Host-sid=1; __Host-x=1")]
    outcome = engine().on_response([(b"Content-Type", b"text/html")], Exchange(headers=headers), NOW)
    assert {judged.name for judged in outcome.cookies} == {b"__Host-x"}
