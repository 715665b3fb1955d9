"""Two policies compared by their effect: each kind of change, in any spelling of the files."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode
from cookiewarden.keys import throw_away
from cookiewarden.tools.diff import diff as module
from cookiewarden.tools.diff import places
from cookiewarden.tools.diff import replay as replaying
from cookiewarden.tools.diff.changes import Direction
from cookiewarden.tools.diff.diff import ChangeKind, Diff, Version, diff
from cookiewarden.tools.diff.facts import LABELS, Key, Topic
from cookiewarden.tools.diff.replay import replay
from cookiewarden.tools.recordings.recorded import Recorded
from tests.support.command import run
from tests.support.policies import entries, policy

NOW = 1_780_000_000.0


def version(text: str) -> Version:
    found = policy(text)
    keys = throw_away(found)
    return Version(found, Engine(found, Mode.ENFORCE, NOW, keys), Engine(found, None, NOW, keys), NOW)


def told(old: str, new: str) -> list[str]:
    """Return each change as `name: what: old -> new [direction]`; `*` for all cookies."""
    found = diff(version(old), version(new))
    rows = [("*", change) for change in found.policy]
    rows += [(" ".join((d.name, *d.sites)), change) for d in found.cookies for change in d.changes]
    return [f"{name}: {c.what}: {c.old} -> {c.new} [{c.direction}]" for name, c in rows]


AS_SET = "as the application sets it"


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("", "lifetime: 1h", "kept for: any time -> 1h [stricter]"),
        ("lifetime: 1y", "lifetime: 2w", "kept for: 1y -> 2w [stricter]"),
        ("lifetime: session", "lifetime: 90min", "kept for: session -> 90min [looser]"),
        ("", "secure: true", f"Secure: {AS_SET} -> always [stricter]"),
        ("secure: true", "secure: remove", "Secure: always -> never [looser]"),
        ("secure: true", "secure: https", f"Secure: always -> always over HTTPS, {AS_SET} over HTTP [looser]"),
        ("http_only: true", "http_only: keep", f"HttpOnly: always -> {AS_SET} [looser]"),
        ("secure: true", "secure: true, partitioned: true", f"Partitioned: {AS_SET} -> always [stricter]"),
        ("same_site: Lax", "same_site: Strict", "SameSite: always Lax -> always Strict [stricter]"),
        ("same_site: Lax", "same_site: {at_least: Lax}", "SameSite: always Lax -> at least Lax [stricter]"),
        ("same_site: {default: Lax}", "same_site: keep", f"SameSite: Lax if the application sets none -> {AS_SET} [looser]"),
        ("", "path: /a", f"Path: {AS_SET} -> always /a [looser or stricter]"),
        ("path: /a", "path: /b", "Path: always /a -> always /b [looser or stricter]"),
        ("", "domain: host-only", f"Domain: {AS_SET} -> only the host [stricter]"),
        ("", "path: {from: /app, to: /}", "paths moved: nothing -> /app becomes / [looser or stricter]"),
        ("domain: {from: a.example, to: b.example}", "domain: {from: a.example, to: host-only}", "domains moved: a.example becomes b.example -> a.example becomes host-only [looser or stricter]"),
        ("same_site: keep", "same_site: remove", f"SameSite: {AS_SET} -> always none [looser]"),
        ("", "priority: High", f"Priority: {AS_SET} -> always High []"),
        ("", "seal: true", f"value: {AS_SET} -> sealed [stricter]"),
        ("", "rename_to: __Host-sid", "name in browsers: its own -> __Host-sid [stricter]"),
        ("path: /a", "path: /a, supersede: false", "cookie at its old path or domain: expired first -> left alone []"),
        ("", "forward: false", "sent by browsers: reaches the application -> not forwarded to the application (not-forwarded) [stricter]"),
        ("", "stage: report", "enforced: yes -> only reported [looser]"),
        ("", "set_by: script", "set by: server -> script []"),
        ("", "until: 2027-01-01", "declared until: nothing -> 2027-01-01 [stricter]"),
        ("purpose: a", "purpose: {en: a, nl: b}", "purpose: a -> en: a / nl: b []"),
        ("seal: true", "seal: {context: x}", "sealed for: p -> x []"),
        ("seal: true", "seal: {too_large: pass}", "values too large to be sealed: blocked -> pass unsealed [looser]"),
        ("seal: true", "seal: {accept_plain_until: 2027-01-01}", "unsealed values accepted until: never -> 2027-01-01 [looser]"),
        ("rename_to: __Host-sid", "rename_to: {name: __Host-sid, accept_plain_until: 2027-01-01}", "original name accepted until: always -> 2027-01-01 [stricter]"),
        ("", "renew: false", "a visit: extends its life -> does not extend its life [stricter]"),
        ("renew: false", "renew: true", "a visit: does not extend its life -> extends its life [looser]"),
        ("", "party: Google", "party: nothing -> Google []"),
    ],
)  # fmt: skip
def test_each_changed_effect_of_an_entry_is_reported(old: str, new: str, change: str) -> None:
    before, after = (entries(f"name: sid, {more}" if more else "name: sid") for more in (old, new))
    assert f"sid: {change}" in told(before, after)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("undeclared: {evict: domain}", "undeclared: {evict: domain, evict_domains: [a.example]}", "evicted at the domains: all -> a.example [looser or stricter]"),
        ("mode: report", "mode: enforce", "mode: report -> enforce [stricter]"),
        ("", "undeclared: {response: pass}", "undeclared, set by the application: block -> pass [looser]"),
        ("", "undeclared: {request: report}", "undeclared, sent by browsers: strip -> report [looser]"),
        ("", "undeclared: {evict: domain}", "undeclared, held by browsers: off -> domain [stricter]"),
        ("", "inject_guard: true", "undeclared, set by scripts: not checked -> blocked by the guard [stricter]"),
        ("", "public_hosts: [shop.example]", "public hosts: not known -> shop.example [stricter]"),
        ("", "statement: {path: /cookies}", "statement: served at: nothing -> /cookies []"),
        ("statement: {contact: a}", "statement: {contact: {en: a, nl: b}}", "statement: contact: a -> en: a / nl: b []"),
        ("", "on_error: open", "after an internal error: closed -> open [looser]"),
    ],
)  # fmt: skip
def test_a_change_for_all_cookies_is_reported_once(old: str, new: str, change: str) -> None:
    base = entries("name: a", "name: b")
    found = told(f"{old}\n{base}", f"{new}\n{base}")
    assert [line for line in found if line.startswith("*")] == [f"* {change}".replace("* ", "*: ")]


def test_long_texts_that_begin_alike_are_distinguished() -> None:
    base = entries("name: a")
    (line,) = told(f"statement: {{about: {'x' * 99}a}}\n{base}", f"statement: {{about: {'x' * 99}b}}\n{base}")
    assert line.count("(100 characters, ") == 2 and len(line) < 300


def test_the_basis_of_a_category_is_part_of_the_statement() -> None:
    base = entries("name: a, category: f")
    found = told(f"categories: {{f: {{basis: x}}}}\n{base}", f"categories: {{f: {{basis: y}}}}\n{base}")
    assert found == ["*: statement: basis of f: x -> y []"]


def test_consent_is_reported_for_each_cookie_that_it_gates() -> None:
    head = "consent: {{cookie: c}}\ncategories: {{f: {{basis: x}}, m: {{consent: {0}}}}}\n"
    body = entries("name: c, category: f", "name: t, category: m")
    assert told(head.format("exempt") + body, head.format("required") + body) == [
        "t: consent: not required -> required [stricter]",
        "t: granted by:  -> m []",
    ]


def test_gained_and_lost_cookies_are_separate_from_changed_ones() -> None:
    found = diff(version(entries("name: a", "name: b")), version(entries("name: b, secure: true", "name: c")))
    assert [(d.name, d.kind) for d in found.cookies] == [
        ("b", ChangeKind.CHANGED),
        ("c", ChangeKind.GAINED),
        ("a", ChangeKind.LOST),
    ]
    assert found.directions == {Direction.LOOSER, Direction.STRICTER, Direction.OTHER}


def test_policies_that_share_nothing_gain_and_lose() -> None:
    found = diff(version(entries("name: a", "name: b-*")), version(entries("name: c", "name: d-*")))
    assert {(d.name, d.kind) for d in found.cookies} == {
        ("c", ChangeKind.GAINED), ("d-*", ChangeKind.GAINED), ("a", ChangeKind.LOST), ("b-*", ChangeKind.LOST),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (entries("name: a, secure: true", "name: b, secure: true"), "defaults: {secure: true}\n" + entries("name: b", "name: a")),
        (entries("name: a, lifetime: 24h"), entries("name: a, lifetime: 1d").replace("lifetime: 1d", "lifetime: 24h")),
        ("ceiling: 1y\n" + entries("name: a, lifetime: 1d"), entries("name: a, lifetime: 1d")),
        (entries("name: a"), entries("name: a, same_site: keep, secure: keep, forward: true, set_by: server")),
    ],
)  # fmt: skip
def test_policies_with_the_same_effect_are_equal(old: str, new: str) -> None:
    assert told(old, new) == []


def test_a_change_of_eviction_is_reported() -> None:
    evict = "undeclared: {evict: host}\n"
    before, after = entries("name: x"), entries("name: x", "name: l, scope: {hosts: [a.example]}")
    assert "l elsewhere: held by browsers: expired -> left alone [looser]" in told(evict + before, evict + after)
    assert not any("elsewhere" in line for line in told(before, after))


def test_a_glob_that_becomes_two_is_reported_by_the_effect_on_each_name() -> None:
    found = told(
        entries("name: 'i-*', lifetime: 1w"),
        entries("name: 'i-id-*', lifetime: 1w", "name: 'i-x-*', lifetime: 1d"),
    )
    assert not any(line.startswith("i-id-*") for line in found)
    assert "i-x-*: kept for: 1w -> 1d [stricter]" in found
    assert "i-*: set by the application: passes -> blocked (undeclared) [stricter]" in found


def test_a_change_at_one_host_is_reported_with_the_host() -> None:
    scope = "scope: {hosts: [a.example, '*.b.example'], paths: [/x]}"
    found = told(entries("name: l", f"name: l, {scope}"), entries("name: l", f"name: l, {scope}, secure: true"))
    assert found == [f"l a.example/x below.b.example/x: Secure: {AS_SET} -> always [stricter]"]


SHADOWS = [f"name: i-{word}" for word in ("x", "1", "x1", "cookiewarden", "~", "^")]
HOSTS = "scope: {hosts: [" + ", ".join(f"h{n}.example" for n in range(100)) + "]}"
ASKS = "consent: {{cookie: c}}\ncategories: {{f: {{basis: x}}, m: {{consent: required, granted_by: {0}}}}}\n"
ASKED = entries("name: c, category: f", "name: t, category: m")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (entries("name: 'i-*'"), entries("name: i-x"), "i-*: set by the application: passes -> blocked (undeclared) [stricter]"),
        (entries("name: 'i-*', lifetime: 1d", *SHADOWS), entries("name: 'i-*', lifetime: 1y", *SHADOWS), "i-*: kept for: 1d -> 1y [looser]"),
        (entries("name: sid, secure: keep"), entries("name: sid, secure: false"), "sid: SameSite=None without Secure: blocked -> repaired []"),
        (entries("name: __Host-x, path: /"), entries("name: __Host-x, path: /, secure: false, partitioned: true"), "__Host-x: Partitioned: as the application sets it -> always [stricter]"),
        (entries("name: __Http-x"), entries("name: __Http-x, lifetime: 1d"), "__Http-x: kept for: any time -> 1d [stricter]"),
        (entries("name: a, partitioned: true"), entries("name: a, partitioned: true, lifetime: 1d"), "a: kept for: any time -> 1d [stricter]"),
        (entries("name: a", f"name: a, {HOSTS}"), entries("name: a", f"name: a, lifetime: 1d, {HOSTS}"), "a h0.example"),
        (
            entries("name: a, scope: {hosts: [w.s.example]}, domain: s.example"),
            entries("name: a, scope: {hosts: [w.s.example]}"),
            "a w.s.example: Domain: at most s.example -> as the application sets it [looser]",
        ),
        (entries("name: a, domain: b.s.example"), entries("name: a, domain: s.example"), "a: Domain: at most b.s.example -> at most s.example [looser]"),
        (ASKS.format("['a,b']") + ASKED, ASKS.format("[a, b]") + ASKED, 't: granted by: "a,b" -> a, b [looser or stricter]'),
        (ASKS.format("[a, b]") + ASKED, ASKS.format("[a]") + ASKED, "t: granted by: a, b -> a [looser]"),
        (ASKS.format("[a, b]") + ASKED, ASKS.format("[a, c]") + ASKED, "t: granted by: a, b -> a, c [looser or stricter]"),
        (ASKS.format("[a]") + ASKED, ASKS.format("[a]").replace("cookie: c}", "cookie: c, unknown: grant}") + ASKED,
            "*: missing or unreadable consent: denies -> grants [looser]"),
        (ASKS.format("[a]") + ASKED, ASKS.format("[a]").replace("cookie: c}", "cookie: c, format: json}") + ASKED, "*: consent: list in c -> json in c [looser or stricter]"),
        (entries("name: a, until: 2027-01-01"), entries("name: a, until: 2028-01-01"), "a: declared until: 2027-01-01 -> 2028-01-01 [looser]"),
        (entries("name: a, rename_to: __Host-a"), entries("name: a"), "a: name in browsers: __Host-a -> its own [looser]"),
        ("public_hosts: [a.example]\n" + entries("name: a"), entries("name: a"), "*: public hosts: a.example -> not known [looser]"),
    ],
)  # fmt: skip
def test_subtle_changes_are_reported_and_ranked(old: str, new: str, line: str) -> None:
    assert any(found.startswith(line) for found in told(old, new)), told(old, new)


GATED = "consent: {cookie: CC}\ncategories: {f: {basis: b}, a: {consent: required}}\n"
SID_A, SID_F = "name: sid, category: a, scope: {paths: [/a]}", "name: sid, category: f, scope: {paths: [/b]}"
MANY = (
    "scope: {hosts: ["
    + ", ".join(f"h{n}.test" for n in range(160))
    + "], paths: ["
    + ", ".join(f"/p{n}" for n in range(64))
    + "]}"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (entries("name: ab, secure: true, same_site: {default: None}"), entries("name: ab, secure: remove, same_site: {default: None}")),
        (entries(f"name: sid, lifetime: 1d, secure: true, {MANY}"), entries(f"name: sid, lifetime: 1y, {MANY}")),
        (GATED + entries("name: CC, category: f", SID_A, SID_F), GATED + entries("name: CC, category: f", SID_F, SID_A)),
        (
            "undeclared: {response: pass, request: pass}\n" + GATED + entries("name: CC, category: f", "name: ga, category: a"),
            "undeclared: {response: pass, request: pass}\n" + GATED + entries("name: CC, category: f"),
        ),
        ("undeclared: {request: pass}\n" + entries("name: ab, seal: true", "name: b"), "undeclared: {request: pass}\n" + entries("name: b")),
        (entries("name: 'x*a*z', scope: {paths: [/]}, secure: true", "name: 'x*b*z'"), entries("name: 'x*a*z', secure: true", "name: 'x*b*z', scope: {paths: [/]}")),
        (entries("name: sid, scope: {hosts: ['*.example']}, secure: true"), entries("name: sid, secure: true")),
        (
            entries("name: sid, scope: {hosts: ['*.shop.test']}, secure: true", "name: sid, scope: {hosts: [below.shop.test]}"),
            entries("name: sid, scope: {hosts: ['*.shop.test']}", "name: sid, scope: {hosts: [below.shop.test]}"),
        ),
        ("public_hosts: ['*.test']\n" + entries("name: a, domain: shop.example"), "public_hosts: ['*.test']\n" + entries("name: a, domain: x.www.shop2.test")),
        ("public_hosts: [www.shop.test]\n" + entries("name: a, domain: other.test"), "public_hosts: [www.shop.test]\n" + entries("name: a, domain: host-only")),
        (entries("name: sid, rename_to: __Host-a, stage: report"), entries("name: sid, rename_to: __Host-b, stage: report")),
        (
            entries("name: a, scope: {paths: [/]}, until: 2027-12-31, secure: true", "name: a, secure: true"),
            entries("name: a, scope: {paths: [/]}, until: 2027-12-31, secure: true", "name: a"),
        ),
    ],
)  # fmt: skip
def test_a_change_that_may_let_more_pass_is_never_called_equal_or_stricter(old: str, new: str) -> None:
    assert diff(version(old), version(new)).directions & {Direction.LOOSER, Direction.EITHER}, told(old, new)


def test_a_change_at_a_hundred_hosts_is_one_change() -> None:
    (difference,) = diff(
        version(entries("name: a", f"name: a, {HOSTS}")),
        version(entries("name: a", f"name: a, lifetime: 1d, {HOSTS}")),
    ).cookies
    assert len(difference.sites) == 100


def test_so_many_places_that_not_all_can_be_tried_are_tried_by_host_and_by_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "MAX_SITES", 10)
    paths = "scope: {paths: [/a, /b]}"
    found = told(
        entries("name: a", f"name: a, {HOSTS}", f"name: a, {paths}"),
        entries("name: a", f"name: a, {HOSTS}", f"name: a, lifetime: 1d, {paths}"),
    )
    assert any(line.startswith("a elsewhere/a elsewhere/b: kept for") for line in found)


# Recorded traffic


def exchange(asked: bytes = b"", *answered: bytes) -> Recorded:
    cookies = [(b"Cookie", asked)] if asked else []
    lines = [(b"Set-Cookie", line) for line in answered]
    return Recorded(
        Exchange(b"shop.example", b"/a?q=1", True, cookies),
        cookies,
        [(b"Content-Type", b"text/html"), *lines],
    )


def replayed(old: str, new: str, *exchanges: Recorded) -> Diff:
    before, after = version(old), version(new)
    found = diff(before, after)
    replay(found, exchanges, before, after)
    return found


def test_replayed_traffic_shows_the_changed_decisions_and_their_counts() -> None:
    found = replayed(
        entries("name: sid"),
        entries("name: sid, secure: true", "name: _fbp"),
        exchange(b"sid=1; _fbp=2", b"sid=1", b"_fbp=2; Path=/", b"other=3"),
        exchange(b"sid=1", b"sid=4"),
    )
    assert found.replayed is not None and found.exchanges == 2
    assert [(r.header, r.name, r.old, r.new, r.count) for r in found.replayed] == [
        ("Cookie", "_fbp", "strip (undeclared)", "pass", 1),
        ("Set-Cookie", "sid", "pass", "rewrite (secure-added)", 2),
        ("Set-Cookie", "_fbp", "block (undeclared)", "pass", 1),
    ]
    assert {r.example for r in found.replayed} == {"https://shop.example/a"}


def test_equal_words_for_different_lines_are_distinguished() -> None:
    found = replayed(
        entries("name: a, lifetime: 1h"),
        entries("name: a, lifetime: 2h"),
        exchange(b"", b"a=1; Max-Age=99999"),
    )
    assert found.replayed is not None
    assert [(r.old, r.new) for r in found.replayed] == [
        ("rewrite (lifetime-capped)", "rewrite (lifetime-capped), with a different Max-Age")
    ]


def test_the_mode_is_part_of_the_effect_on_traffic() -> None:
    found = replayed("mode: report\n" + entries("name: a"), entries("name: a"), exchange(b"", b"b=1"))
    assert found.replayed is not None
    assert [(r.old, r.new) for r in found.replayed] == [("block (undeclared), only reported", "block (undeclared)")]


def test_eviction_lines_are_part_of_the_comparison() -> None:
    page = exchange(b"old=1")
    page.exchange = Exchange(b"shop.example", b"/", True, [(b"Cookie", b"old=1"), (b"Sec-Fetch-Dest", b"document")])  # fmt: skip
    found = replayed("undeclared: {evict: host}\n" + entries("name: a"), entries("name: a"), page)
    assert found.replayed is not None
    assert ("old", "expired", "left alone") in [(r.name, r.old, r.new) for r in found.replayed]


def test_sealed_values_differ_each_time_and_are_not_a_change() -> None:
    sealed = entries("name: a, seal: true")
    assert replayed(sealed, sealed, exchange(b"", b"a=1")).replayed == []


def test_kinds_of_decisions_are_bounded_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "MAX_KINDS", 2)
    found = replayed(entries("name: a"), entries("name: 'n*'"), exchange(b"", *(b"n%d=1" % i for i in range(5))))  # fmt: skip
    assert found.replayed is not None and (len(found.replayed), found.left_out) == (2, 3)


# Completeness

NAMES = ["sid", "lang", "i-*", "i-id-*", "i-x", "__Host-x", "__Http-y", "*-x", "none"]
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "secure": st.sampled_from(["true", "false", "keep", "https", "remove"]),
        "http_only": st.sampled_from(["true", "keep", "remove"]),
        "partitioned": st.sampled_from(["true", "keep", "remove"]),
        "same_site": st.sampled_from(["None", "Lax", "Strict", "{default: None}", "{default: Lax}", "{at_least: Lax}"]),
        "lifetime": st.sampled_from(["session", "1h", "1y"]),
        "path": st.sampled_from(["/", "/a"]),
        "domain": st.sampled_from(["host-only", "example", "a.example", "b.a.example"]),
        "priority": st.sampled_from(["High"]),
        "forward": st.sampled_from(["true", "false"]),
        "stage": st.sampled_from(["report"]),
        "scope": st.sampled_from(["{hosts: [a.example]}", "{hosts: ['*.a.example']}", "{paths: [/a]}"]),
    },
)
REGISTERS = st.dictionaries(st.sampled_from(NAMES), ATTRIBUTES, min_size=1)


def written(register: dict[str, dict[str, str]]) -> str:
    return entries(
        *(
            f"name: '{name}'" + "".join(f", {key}: {value}" for key, value in given.items())
            for name, given in register.items()
        )
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Draw two policies that differ in one attribute, in an entry, in its name, or not at all."""
    old = draw(REGISTERS)
    new = dict(old)
    name, more = draw(st.sampled_from(sorted(old))), draw(ATTRIBUTES)
    how = draw(st.sampled_from(["attribute", "entry", "gone", "name", "copy"]))
    if how == "attribute" and more:
        key = draw(st.sampled_from(sorted(more)))
        new[name] = old[name] | {key: more[key]}
    elif how == "entry":
        new[name] = more
    elif how == "gone" and len(old) > 1:
        del new[name]
    elif how in ("name", "copy"):
        new[draw(st.sampled_from(NAMES))] = old[name] if how == "copy" else new.pop(name)
    return written(old), written(new)


TAIL = st.tuples(
    *(
        st.sampled_from([b"", *(b"; " + text for text in texts)])
        for texts in (
            [b"Secure"], [b"HttpOnly"], [b"Partitioned"], [b"SameSite=None", b"SameSite=Lax", b"SameSite=Strict", b"SameSite=x"],
            [b"Path=/", b"Path=/q"], [b"Domain=example", b"Domain=a.example", b"Domain=b.a.example", b"Domain=c.b.a.example", b"Domain=x.test"],
            [b"Max-Age=99999", b"Max-Age=0", b"Max-Age=9999999999"], [b"Priority=Low"],
        )
    )
).map(b"".join)  # fmt: skip
SEEN_AS = [
    b"sid",
    b"lang",
    b"i-7",
    b"i-id-7",
    b"i-x",
    b"i-",
    b"__Host-x",
    b"__Http-y",
    b"none",
    b"q-x",
    b"i-id-x",
]


def judged(engine: Engine, tails: list[bytes]) -> list[object]:
    """Return the decisions on lines that the comparison itself does not try."""
    found: list[object] = []
    for host, target in ((b"a.example", b"/"), (b"c.b.a.example", b"/a"), (b"other.example", b"/")):
        for https in (True, False):
            at = Exchange(host, target, https)
            for name in SEEN_AS:
                found.append(engine.on_request([(b"Cookie", name + b"=1")], at, NOW).headers)
                found += [engine.on_response([(b"Set-Cookie", name + b"=1" + tail)], at, NOW).headers for tail in tails]  # fmt: skip
    return found


@settings(max_examples=50)
@given(pairs(), st.lists(TAIL, min_size=12, max_size=12))
def test_policies_called_equal_decide_equally(pair: tuple[str, str], tails: list[bytes]) -> None:
    old, new = pair
    try:
        before, after = version(old), version(new)
    except AssertionError:
        reject()  # refused by `check`
    if not diff(before, after):
        assert judged(before.enforcing, tails) == judged(after.enforcing, tails)
    assert not diff(before, version(old))


@settings(max_examples=50)
@given(pairs())
def test_every_skipped_comparison_would_have_been_equal(pair: tuple[str, str]) -> None:
    try:
        before, after = map(version, pair)
    except AssertionError:
        reject()
    short = diff(before, after)
    with pytest.MonkeyPatch.context() as patch:
        never: Callable[[object, object], bool] = lambda one, other: False  # noqa: E731
        patch.setattr(module, "_same", never)
        assert diff(before, after) == short


# The command


run_diff = partial(run, "diff")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.yaml").write_text(entries("name: sid, lifetime: 1y"))
    (tmp_path / "new.yaml").write_text(entries("name: sid, lifetime: 1d"))
    (tmp_path / "loose.yaml").write_text(entries("name: sid, lifetime: 1y", "name: '_|f'"))
    (tmp_path / "c.txt").write_text("HTTP/1.1 200 OK\nSet-Cookie: _|f=CANARY; Max-Age=1000000\n\n")
    return tmp_path


def test_exit_codes_distinguish_any_change_from_a_looser_one(folder: Path) -> None:
    assert run_diff("old.yaml", "old.yaml", cwd=folder)[:2] == (0, "The same effect.\n")
    assert run_diff("old.yaml", "new.yaml", cwd=folder)[0] == 1
    assert run_diff("old.yaml", "new.yaml", "--fail-on", "looser", cwd=folder)[0] == 0
    assert run_diff("new.yaml", "old.yaml", "--fail-on", "looser", cwd=folder)[0] == 1
    assert run_diff("new.yaml", "old.yaml", "--fail-on", "never", cwd=folder)[0] == 0


def test_text_json_and_markdown_have_the_same_content(folder: Path) -> None:
    text, markdown, raw = (
        run_diff("old.yaml", "loose.yaml", "--replay", "c.txt", "--format", form, cwd=folder)[1] for form in ("text", "markdown", "json")
    )  # fmt: skip
    document = json.loads(raw)
    assert [c["name"] for c in document["cookies"]] == ["_|f"]
    (first, *_) = document["cookies"][0]["changes"]
    assert first == {
        "fact": "set",
        "of": "",
        "what": "set by the application",
        "old": "blocked (undeclared)",
        "new": "passes",
        "direction": "looser",
    }
    assert "+ _|f" in text and "passes  [looser]" in text and "1 time, first at https://localhost/" in text
    assert r"\_\|f | gained" in markdown and "| looser |" in markdown
    assert document["replayed"][0]["count"] == 1 and not document["same"]
    assert "1 cookie gained, 1 kind of decision on recorded traffic; changes: 2 looser" in text


def test_every_fact_has_a_label_and_no_two_of_one_group_have_the_same() -> None:
    assert set(LABELS) == set(Topic)
    by_entry = list(Topic)[: list(Topic).index(Topic.MODE)]
    for topics in (by_entry, [topic for topic in Topic if topic not in by_entry]):
        assert len({LABELS[topic] for topic in topics}) == len(topics)


def test_facts_of_several_categories_have_a_key_each() -> None:
    base = entries("name: a, category: f", "name: b, category: g")
    old, new = (f"categories: {{f: {{basis: {text}}}, g: {{basis: {text}}}}}\n" for text in "xy")
    found = diff(version(old + base), version(new + base))
    assert [change.key for change in found.policy] == [
        Key(Topic.CATEGORY_BASIS, "f"),
        Key(Topic.CATEGORY_BASIS, "g"),
    ]


@pytest.mark.parametrize("word", ["yes", "blocked", "any time", "left alone"])
def test_any_text_of_a_gained_cookie_is_reported(word: str) -> None:
    found = told(entries("name: a"), entries("name: a", f"name: b, until: 2027-01-01, owner: '{word}', reason: x"))
    assert f"b: owner:  -> {word} []" in found


def test_unreadable_traffic_is_reported_and_is_exit_3(folder: Path) -> None:
    code, text, error = run_diff("old.yaml", "old.yaml", "--replay", "none.har", cwd=folder)
    assert code == 3 and "none.har" in error and text == "The same effect; no exchanges were read.\n"


def test_a_policy_with_errors_is_code_3_with_every_problem(folder: Path) -> None:
    (folder / "bad.yaml").write_text("version: 1\ncookies: [{nam: x}]\n")
    code, _, error = run_diff("old.yaml", "bad.yaml", cwd=folder)
    assert code == 3 and 'unknown key "nam"' in error
