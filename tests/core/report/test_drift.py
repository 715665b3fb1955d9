"""Drift: differences between the policy and the traffic, and the YAML that fixes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.policy.scalars import parse_lifetime
from cookiewarden.core.report.drift import (
    SETTLED,
    Finding,
    Kind,
    about,
    drift,
    entry_yaml,
    lifetime_text,
    scalar,
)
from cookiewarden.core.report.inventory import Record, Side, Times
from cookiewarden.core.report.record import bind
from tests.support.policies import entries, loaded, policy
from tests.support.watched import NOW, Watched

POLICY = entries(
    "name: sid, purpose: x, lifetime: 1h",
    "name: js, purpose: x, lifetime: 1w, set_by: script",
    "name: AWSALB, purpose: x, lifetime: 1w, set_by: infrastructure",
    "name: any, purpose: x, set_by: both",
)

HEAD = "version: 1\ncookies:\n"


def found(seen: Watched) -> list[Finding]:
    return drift(seen.inventory, seen.judged, seen.engine.policy, NOW + SETTLED)


def kinds(seen: Watched) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.name) for finding in found(seen)]


def all_seen() -> Watched:
    return Watched(POLICY).sets("sid=1; Max-Age=60").sends("js=1; any=1")


def test_a_register_that_is_as_it_was_seen_has_no_drift() -> None:
    assert found(all_seen()) == []


@pytest.mark.parametrize(
    ("change", "kind", "name", "told"),
    [
        (lambda s: s.sets("t=1"), Kind.UNDECLARED, "t", "set by the application, but undeclared"),
        (lambda s: s.sends("t=1").scripts("t"), Kind.UNDECLARED, "t", "set by a script and sent by browsers, but undeclared"),
        (lambda s: s.sets("sid=1; Max-Age=315360000"), Kind.OUTLIVES, "sid", "the application sets a lifetime of 10y, but the entry allows 1h"),
        (lambda s: s.sets("sid=1; Max-Age=+31536000"), Kind.LIFETIME_UNREADABLE, "sid", "the application sends a Max-Age that is not valid (use only digits), so browsers keep the cookie for different times"),
        (lambda s: s.sets("sid=1; Max-Age=60; Expires=Fri, 31 Dec 2027"), Kind.LIFETIME_UNREADABLE, "sid", "the application sends an Expires that is not valid (write it like Sun, 06 Nov 1994 08:49:37 GMT), so browsers keep the cookie for different times"),
        (lambda s: s.sets("js=1"), Kind.OTHER_SIDE, "js", "set_by is script, but the application sets the cookie"),
    ],
)  # fmt: skip
def test_each_kind_of_difference(change, kind: Kind, name: str, told: str) -> None:
    (finding,) = found(change(all_seen()))
    assert (finding.kind, finding.name, finding.told) == (kind, name, told)
    assert (finding.yaml != "") == (kind is Kind.UNDECLARED) == (finding.declared_at == "")


def test_a_cookie_of_the_server_that_no_server_sets() -> None:
    (finding,) = found(Watched(POLICY).sends("sid=1; js=1; any=1"))
    assert (finding.kind, finding.declared_at) == (Kind.OTHER_SIDE, "p.yaml:3:6")
    assert finding.told.endswith("only seen in requests")
    seen = Watched(POLICY).sends("sid=1; js=1; any=1")
    seen.inventory.records["sid"].sides[Side.SCRIPT] = Times(1, NOW, NOW)
    assert [f.told for f in found(seen)] == ["set_by is server, but a script sets the cookie"]


def test_in_the_first_hours_an_older_session_is_not_drift() -> None:
    seen = Watched(POLICY).sends("sid=1; js=1; any=1")
    assert drift(seen.inventory, seen.judged, seen.engine.policy, NOW + 60) == []


def test_a_lifetime_that_browsers_cut_is_not_longer_lived() -> None:
    seen = Watched(entries("name: a, purpose: x, lifetime: 400d")).sets("a=1; Max-Age=315360000")
    assert found(seen) == []
    assert "lifetime: 400d  # the maximum of browsers\n" in entry_yaml(seen.inventory.records["a"])


def test_unseen_entries_are_listed_except_those_set_in_front_of_the_proxy() -> None:
    assert kinds(Watched(POLICY)) == [(Kind.NEVER_SEEN, name) for name in ("any", "js", "sid")]


def test_a_near_miss_is_hinted_at_both_ways() -> None:
    seen = Watched(entries("name: PHPSESSIONID, purpose: x, lifetime: session")).sets("PHPSESSID=1")
    one, other = found(seen)
    assert one.told.endswith('did the entry "PHPSESSIONID", which was not seen, mean this cookie?')
    assert other.told.endswith('did this entry mean "PHPSESSID", which was seen but is undeclared?')
    assert (one.near, other.near) == ("PHPSESSIONID", "PHPSESSID")


def test_a_name_similar_to_an_entry_that_was_seen_is_hinted_at() -> None:
    seen = Watched(entries("name: csrf_token_P23104, purpose: x, lifetime: session", "name: lang, purpose: x"))
    seen.sets("csrf_token_P23104=1").sets("csrf_token_P23199=1").sets("lang=1").sets("odd=1")
    one, other = found(seen)
    assert (one.name, one.near) == ("csrf_token_P23199", "csrf_token_P23104")
    assert one.told.endswith('the entry "csrf_token_P23104" is similar; if the name varies, declare it with a *')
    assert (other.name, other.near, other.told) == ("odd", "", "set by the application, but undeclared")


def test_the_same_difference_is_reported_once() -> None:
    seen = all_seen().sets("sid=1; Max-Age=7200").sets("sid=1; Max-Age=9999; Path=/x")
    assert kinds(seen) == [(Kind.OUTLIVES, "sid")]


def test_pasting_the_suggestion_removes_the_drift() -> None:
    seen = (
        all_seen()
        .sets("_fbp=1; Max-Age=7776000; Path=/")
        .sends("no=1; old=2")
        .scripts("old")
        .sets("both=1")
        .scripts("both")
    )
    pasted = "".join(finding.yaml for finding in found(seen))
    again = loaded(POLICY + pasted)
    assert again.policy is not None and {p.code.text for p in again.problems} <= {"no-purpose", "no-lifetime"}
    entry = {entry.name: entry for entry in again.policy.entries}
    assert entry["_fbp"].lifetime is not None and entry["_fbp"].lifetime.text == "90d"
    assert [entry[name].set_by.value for name in ("_fbp", "no", "old", "both")] == [
        "server",
        "script",
        "script",
        "both",
    ]
    seen.engine = type(seen.engine)(again.policy, now=NOW)
    assert found(seen) == []


def test_a_name_with_a_star_is_left_to_a_person() -> None:
    assert entry_yaml(Record("a*b")).startswith("  # a*b: a * in an entry")
    assert entry_yaml(Record("a\tb")) == "  # a\\tb: a name with a tab cannot be declared\n"


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="*=;"), min_size=1, max_size=20))
def test_any_name_can_be_pasted(name: str) -> None:
    if any(ord(c) < 32 or ord(c) == 127 for c in name) or name != name.strip(" \t"):
        return
    seen = Watched("version: 1\ncookies: []\n").sets(f"{name}=1")
    (record,) = seen.inventory.records.values()
    again = loaded(HEAD + entry_yaml(record))
    assert again.policy is not None, again.problems
    assert again.policy.entries[-1].name == record.name


def test_the_yaml_has_no_terminal_control_characters() -> None:
    assert scalar("a\u202eb\x1b[31m") == '"a\\u202eb\\x1b[31m"' and scalar("\U000e0001") == '"\\U000e0001"'
    assert scalar("true") == '"true"' and scalar("a.b-c") == "a.b-c" and scalar('a"\\') == '"a\\"\\\\"'


@given(st.integers(0, 10**9 - 1))
def test_a_lifetime_is_written_as_a_policy_reads_it(seconds: int) -> None:
    assert parse_lifetime(lifetime_text(seconds)).seconds == seconds


def test_the_register_of_tests_is_clean() -> None:
    assert policy(POLICY).name


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "session"), (1, "1s"), (90, "2min"), (2591999, "30d"), (381825796, "12y")]
)
def test_a_lifetime_is_rounded(seconds: int, told: str) -> None:
    assert about(seconds) == told


@pytest.mark.parametrize(
    ("asked", "lifetime"),
    [
        (2591999, "30d"),
        (3599, "3599s"),
        (3601, "61min"),
        (0, "session"),
        (30002400, "348d"),
        (2592000, "30d"),
        (2592003, "30d"),
        (2592061, "31d"),
        (90000, "25h"),
        (90001, "25h"),
        (604799, "1w"),
        (31536000, "1y"),
        (31449600, "52w"),
    ],
)
def test_the_suggested_lifetime_is_the_likely_intent_of_a_date(asked: int, lifetime: str) -> None:
    seen = Watched(POLICY).sets(f"t=1; Max-Age={asked}" if asked else "t=1")
    assert f"    lifetime: {lifetime}\n" in entry_yaml(seen.inventory.records["t"])


def test_clocks_that_differ_by_seconds_are_not_drift() -> None:
    assert kinds(all_seen().sets("sid=1; Max-Age=3630")) == []
    assert kinds(all_seen().sets("sid=1; Max-Age=3700")) == [(Kind.OUTLIVES, "sid")]


def test_a_cookie_that_is_only_deleted_is_nothing_to_declare_and_a_declared_one_is_seen() -> None:
    assert kinds(all_seen().sets("old=; Max-Age=0")) == []
    seen = Watched(entries("name: 'g*', purpose: x, lifetime: 1h")).sets("g1=; Max-Age=0")
    assert kinds(seen) == []


@pytest.mark.parametrize(
    ("lines", "draft"),
    [
        (["t=1"], "set 1 time without HttpOnly"),
        (["t=1", "t=1; HttpOnly", "t=1; Path=/"], "set 2 of 3 times without HttpOnly"),
        (["t=1; HttpOnly"], ""),
        (["csrf_token_P23104=1"], "set 1 time without HttpOnly; scripts commonly read this name"),
        (["t=1", "sid=1; HttpOnly"], "set 1 time without HttpOnly; the application sets HttpOnly on 1 other cookie, but not on this one"),
    ],
)  # fmt: skip
def test_a_cookie_that_scripts_can_read_stays_readable(lines: list[str], draft: str) -> None:
    seen = Watched(POLICY)
    for line in lines:
        seen.sets(line)
    (finding,) = [f for f in found(seen) if f.kind is Kind.UNDECLARED]
    kept = [line for line in finding.yaml.splitlines() if "http_only" in line]
    assert kept == ([f"    http_only: keep  # {draft}"] if draft else [])


@pytest.mark.parametrize(
    ("line", "posted", "draft"),
    [
        ("t=1", 1, "    same_site: keep  # sent with 1 POST from other sites (sign-in, payments)"),
        ("t=1", 0, "    same_site: keep  # sent with 1 request from other sites (frames, images, scripts)"),
        ("t=1; SameSite=Lax", 1, ""),
    ],
)
def test_a_cookie_sent_from_other_sites_keeps_its_same_site(line: str, posted: int, draft: str) -> None:
    seen = Watched(POLICY).sets(line).sends("t=1", crossed=1, posted=posted)
    (finding,) = [f for f in found(seen) if f.kind is Kind.UNDECLARED]
    assert [row for row in finding.yaml.splitlines() if "same_site" in row] == ([draft] if draft else [])


def test_a_cookie_that_scripts_set_needs_no_http_only() -> None:
    (finding,) = [f for f in found(Watched(POLICY).sets("t=1").scripts("t")) if f.kind is Kind.UNDECLARED]
    assert "set_by: both" in finding.yaml and "http_only" not in finding.yaml


@pytest.mark.parametrize(
    ("line", "yaml", "shown"),
    [
        ("t=1; Path=/; Expires=Fri, 31 Dec 2027", "    # lifetime: choose one (the application's is not valid, and browsers interpret it differently)", "for an invalid lifetime"),
        ("t=1; Path=/; Max-Age=60; Expires=x", "    lifetime: 1min", "for 1min"),
        ("t=1; Path=/", "    lifetime: session", "for the session"),
    ],
)  # fmt: skip
def test_a_lifetime_that_cannot_be_read_is_not_called_a_session(line: str, yaml: str, shown: str) -> None:
    (finding,) = found(all_seen().sets(line))
    assert yaml in finding.yaml.splitlines()
    assert shown in finding.yaml


def test_a_cookie_over_plain_http_is_drafted_without_secure_there() -> None:
    seen = Watched(entries("name: other")).exchange("http://intranet.example/", "sid=1; Path=/; HttpOnly")
    (found,) = [f for f in drift(seen.inventory, seen.judged, seen.engine.policy, NOW) if f.name == "sid"]
    assert "    secure: https  # set 1 time over plain HTTP, where browsers refuse Secure\n" in found.yaml


def after_visits(rule: str, *values: str) -> Watched:
    """Return visits of one browser, in which the application sets a cookie with one value after the other."""
    seen, held = Watched(entries(f"name: v, purpose: x, {rule}")), b""
    for value in values:
        asked = ((b"Cookie", held),) if held else ()
        seen.exchange("https://shop.example/", f"v={value}; Path=/; Max-Age=60", asked=asked)
        held = b"v=" + value.encode()
    return seen


SLIDES = [
    # keys of the entry, values that are set one after the other, the finding
    ("lifetime: 1d, lifetime_source: stated", "111", "the statement has a lifetime, but visits extend its life: 2 of 2 visits set the same value again; set renew to false, or state renewed"),
    ("lifetime: 1d, lifetime_source: stated", "112", "the statement has a lifetime, but visits extend its life: 1 of 2 visits set the same value again; set renew to false, or state renewed"),
    ("lifetime: 1d, lifetime_source: stated", "123", ""),
    ("lifetime: 1d, lifetime_source: stated, renewed: at visits", "111", ""),
    ("lifetime: 1d", "111", ""),
    ("lifetime: 1d, renew: false", "123", "its value changed at each of 2 visits, so each visit begins a new life; only seal can prevent this"),
    ("lifetime: 1d, renew: false", "111", ""),
    ("lifetime: 1d, renew: false", "12", ""),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "values", "told"), SLIDES)
def test_visits_that_extend_a_life_are_a_difference_to_the_promise(rule: str, values: str, told: str) -> None:
    assert [finding.told for finding in found(after_visits(rule, *values)) if finding.kind is Kind.SLIDES] == (
        [told] if told else []
    )


def test_a_draft_shows_that_visits_extend_a_life() -> None:
    seen = Watched(HEAD.replace("cookies:", "cookies: []"))
    for held in ((), ((b"Cookie", b"v=1"),), ((b"Cookie", b"v=1; v=2"),)):
        seen.exchange("https://shop.example/", "v=1; Max-Age=60", asked=held)
    yaml = entry_yaml(seen.inventory.records["v"])
    assert "    # renew: false  # visits extend its life: 2 of 2 visits set the same value again\n" in yaml


def test_a_draft_declares_a_device_bound_cookie() -> None:
    seen = Watched("version: 1\ncookies: []\n").exchange("https://shop.example/", "v=1; Path=/; HttpOnly")
    bind(seen.inventory, [b"v"])
    yaml = entry_yaml(seen.inventory.records["v"])
    assert "    device_bound: true  # a registration in the recording binds it to the device\n" in yaml
    again = loaded(HEAD + yaml)
    assert again.policy is not None and again.policy.entries[0].device_bound
