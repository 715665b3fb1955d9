"""Hardening: keys with which an entry could be stricter, and the evidence for each."""

import pytest

from cookiewarden.core.report.drift import Finding, Kind, drift
from cookiewarden.core.report.hardening import hardening
from tests.support.policies import entries, loaded
from tests.support.watched import NOW, Watched

STRICT = "secure: true, same_site: Lax, http_only: true, lifetime: session, rename_to: __Host-t"


def found(seen: Watched) -> list[Finding]:
    return hardening(seen.inventory, seen.judged, seen.engine.policy)


def keys(seen: Watched) -> list[str]:
    return [line.strip().partition("  #")[0] for finding in found(seen) for line in finding.yaml.splitlines()]


HTTP_ONLY, SECURE, SAME_SITE, PREFIX = (
    "http_only: true",
    "secure: https",
    "same_site: {default: Lax}",
    "rename_to: __Host-t",
)


@pytest.mark.parametrize(
    ("entry", "line", "expected"),
    [
        ("name: t, lifetime: session", "t=1; Path=/", [HTTP_ONLY, SECURE, SAME_SITE, PREFIX]),
        ("name: t, lifetime: session, http_only: keep", "t=1; Path=/", [HTTP_ONLY, SECURE, SAME_SITE, PREFIX]),
        ("name: t, lifetime: session", "t=1; HttpOnly; Secure; SameSite=Strict", []),
        ("name: t, lifetime: session", "t=1; HttpOnly; Secure; SameSite=Lax; Path=/; Domain=shop.example", []),
        ("name: t, lifetime: 1y", "t=1; HttpOnly; Secure; SameSite=Lax; Max-Age=2592000", ["lifetime: 30d"]),
        ("name: t", "t=1; HttpOnly; Secure; SameSite=Lax", ["lifetime: session"]),
        ("name: t, lifetime: 1y", "t=1; HttpOnly; Secure; SameSite=Lax; Max-Age=x", []),
        ("name: t, lifetime: session", "t=" + "1" * 4089 + "; HttpOnly; Secure; SameSite=Lax; Path=/", []),
        ("name: t, lifetime: session", "t=" + "1" * 4088 + "; HttpOnly; Secure; SameSite=Lax; Path=/", [PREFIX]),
        (f"name: t, {STRICT}", "t=1; Path=/", []),
        ("name: t, set_by: both", "t=1; Path=/", []),
        ("name: other", "t=1; Path=/", []),
        ("name: t, lifetime: session", "t=; Max-Age=0", []),
    ],
)
def test_the_keys_that_could_be_added(entry: str, line: str, expected: list[str]) -> None:
    assert keys(Watched(entries(entry)).sets(line).sends("t=1")) == expected


def test_evidence_against_a_key_leaves_it_out() -> None:
    policy = entries("name: csrftoken, lifetime: session", "name: t, lifetime: session")
    seen = Watched(policy).sets("csrftoken=1; Path=/").sends("csrftoken=1").sets("t=1; Path=/").sends("t=1", crossed=1)
    assert [(f.name, f.told) for f in found(seen)] == [
        ("csrftoken", "the entry could be stricter: secure, same_site"),
        ("t", "the entry could be stricter: http_only, secure, rename_to"),
    ]
    never_sent = Watched(entries("name: t, lifetime: session")).sets("t=1; Path=/")
    assert SAME_SITE not in keys(never_sent)


def test_a_prefix_is_not_suggested_on_plain_http() -> None:
    for scheme, expected in (("http", []), ("https", [PREFIX])):
        seen = Watched(entries("name: t, lifetime: session, http_only: true, secure: true"))
        assert keys(seen.exchange(f"{scheme}://intranet.example/", "t=1; Path=/; HttpOnly")) == expected


def test_a_proxy_does_not_claim_to_see_reads_by_scripts() -> None:
    seen = Watched(entries("name: t, lifetime: session")).sets("t=1; Path=/").sends("t=1")
    assert "http_only: true  # a proxy does not see reads by scripts" in found(seen)[0].yaml
    seen.inventory.records["t"].compared = 1
    assert "http_only: true  # no sign that scripts use it, in 1 request" in found(seen)[0].yaml


def test_all_cookies_of_an_entry_count() -> None:
    seen = Watched(entries("name: 't*', lifetime: session, secure: true, same_site: Lax"))
    seen.sets("t1=1; HttpOnly").sets("t2=1").sets("t2=1; Path=/a")
    assert keys(seen) == [] and keys(seen.sets("t3=1; Path=/")) == []  # other cookies have HttpOnly, these do not
    plain = Watched(entries("name: 't*', lifetime: session, secure: true, same_site: Lax")).sets("t1=1").sets("t2=1")
    assert keys(plain) == [HTTP_ONLY]


def test_the_keys_can_be_pasted_and_are_not_drift() -> None:
    text = entries("name: t, purpose: x, lifetime: 1y").replace(
        "{name: t, purpose: x, lifetime: 1y}", "name: t\n    purpose: x\n"
    )
    seen = Watched(text).sets("t=1; Path=/; Max-Age=60").sends("t=1")
    (finding,) = found(seen)
    assert (finding.kind, finding.entry) == (Kind.HARDENING, "t")
    again = loaded(text + finding.yaml)
    assert again.policy is not None, again.problems
    strict = Watched(text + finding.yaml).sets("t=1; Path=/; Max-Age=60").sends("t=1")
    assert found(strict) == []
    assert Kind.HARDENING not in {f.kind for f in drift(seen.inventory, seen.judged, seen.engine.policy, NOW)}
