"""The rules of an entry, from its keys, the defaults and the ceiling."""

import pytest

from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.policy import Flag
from tests.support.policies import entries, loaded, policy


def test_defaults_fill_absent_keys_and_http_only_applies_to_server_cookies_only() -> None:
    found = policy(
        entries(
            "name: server",
            "name: own, secure: keep, lifetime: 2h, path: keep",
            "name: script, set_by: script",
            "name: both, set_by: both",
            defaults="{secure: true, http_only: true, lifetime: 1h, path: /, domain: host-only, priority: High}",
        )
    )
    server, own, script, both = (entry.rules for entry in found.entries)
    assert (server.secure, server.http_only, server.path, server.domain) == (
        Flag.ON,
        Flag.ON,
        "/",
        "host-only",
    )
    assert (own.secure, own.path, own.bound.seconds if own.bound else None) == (Flag.KEEP, None, 7200)
    assert (script.http_only, both.http_only) == (Flag.KEEP, Flag.KEEP)


def test_infrastructure_cookies_are_never_forwarded_and_need_no_statement() -> None:
    found = loaded("cookies: [{name: AWSALB, set_by: infrastructure, forward: true}]")
    assert found.policy is not None and not found.policy.entries[0].forward
    assert found.problems == []


@pytest.mark.parametrize(
    ("own", "default", "ceiling", "seconds"),
    [
        ("2h", "1h", None, 7200),
        (None, "1h", None, 3600),
        ("2h", None, "1h", 3600),
        ("1h", None, "2h", 3600),
        (None, "2h", "1h", 3600),
        ("session", None, "1h", 0),
        (None, None, "1h", 3600),
        (None, None, None, None),
    ],
)
def test_the_bound_is_the_lifetime_of_the_entry_or_the_default_within_the_ceiling(
    own: str | None, default: str | None, ceiling: str | None, seconds: int | None
) -> None:
    head = {"defaults": f"{{lifetime: {default}}}"} if default else {}
    head |= {"ceiling": ceiling} if ceiling else {}
    (entry,) = policy(entries("name: a" + (f", lifetime: {own}" if own else ""), **head)).entries
    assert (entry.rules.bound and entry.rules.bound.seconds) == seconds


def test_an_entry_has_the_places_of_its_keys_and_the_defaults_until_the_source_is_cleared() -> None:
    text = "version: 1\ndefaults: {secure: true, priority: Low}\ncookies:\n- name: a\n  secure: keep\n"
    found = load("p.yaml", lambda _: text.encode())
    assert found.policy is not None
    (entry,) = found.policy.entries
    assert {key: str(place) for key, place in entry.places.items()} == {
        "name": "p.yaml:4:3",
        "secure": "p.yaml:5:3",
        "priority": "p.yaml:2:26",
    }
    assert len(entry.places) == 3 and "path" not in entry.places
    for source in found.sources.values():
        source.clear()
    assert entry.places == {} and entry.places.get("secure") is None
