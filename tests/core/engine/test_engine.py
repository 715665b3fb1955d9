"""The decisions of the engine, as tables: a rule, the incoming line, the outgoing line, the reasons."""

from itertools import permutations

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.consent import MAX_ATTRIBUTES, MAX_LINES
from cookiewarden.core.engine.decision import (
    MEANINGS,
    NOT_VIOLATIONS,
    ONLY_REPORTED,
    Action,
    Decision,
    Exchange,
    Reason,
)
from cookiewarden.core.engine.effort import (
    MAX_STEPS_ABOVE,
    MAX_STEPS_OF_RESPONSE,
    STEPS_OF_DELETION,
    STEPS_OF_DOMAIN,
    STEPS_OF_LINE,
    STEPS_OF_NAME,
    STEPS_OF_REFUSAL,
    STEPS_OF_RUN,
    STEPS_OF_SUPERSEDING,
    steps_of_dates,
)
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.memo import (
    MAX_FORM,
    MAX_NEW,
    MAX_PLANS,
    MAX_RECENT,
    MAX_SCOPES,
    MAX_SHAPE,
    OFTEN,
    SHAPE_WEIGHT,
    SetCookieLines,
)
from cookiewarden.core.policy.policy import Mode
from tests.support.cost import LINEAR, growth
from tests.support.policies import engine, entries

NOW = 1_000_000_000  # Sun, 09 Sep 2001 01:46:40 GMT
SECURE = Exchange(b"shop.example", b"/account/home?x=1", https=True)
PLAIN = Exchange(b"shop.example", b"/", https=False)


def judge(
    engine: Engine, line: str, exchange: Exchange = SECURE, now: float = NOW
) -> tuple[str | None, str, list[str]]:
    """Return line, action and reasons. It judges twice, so that every table also tests the memo."""
    outcomes = [engine.on_response([(b"Set-Cookie", line.encode("latin-1"))], exchange, now) for _ in range(3)]
    found = []
    for outcome in outcomes:
        (judged,) = outcome.cookies
        assert outcome.headers == ([(b"Set-Cookie", judged.after)] if judged.after is not None else [])
        after = None if judged.after is None else judged.after.decode("latin-1")
        found.append((after, judged.decision.action.value, [r.value for r in judged.decision.reasons]))
    assert found[0] == found[1] == found[2]
    return found[0]


VERBS = [
    # rule, line, outgoing line, reasons
    ("secure: true", "a=1", "a=1; Secure", ["secure-added"]),
    ("secure: true", "a=1; SECURE", "a=1; SECURE", []),
    ("secure: true", "a=1; Secure=false", "a=1; Secure=false", []),
    ("secure: false", "a=1", "a=1", []),
    ("secure: false", "a=1; Secure", "a=1; Secure", []),
    ("secure: false", "a=1; SameSite=None", "a=1; SameSite=None; Secure", ["secure-added"]),
    ("secure: remove", "a=1; secure; Path=/", "a=1; Path=/", ["secure-removed"]),
    ("secure: remove", "a=1; SameSite=None; Secure", "a=1; SameSite=None; Secure", []),
    ("secure: keep", "a=1; SameSite=None", None, ["none-without-secure"]),
    ("secure: keep", "a=1; Partitioned", None, ["none-without-secure"]),
    ("secure: https", "a=1", "a=1; Secure", ["secure-added"]),
    ("http_only: true", "a=1;path=/", "a=1;path=/; HttpOnly", ["http-only-added"]),
    ("http_only: true", "a=1; httponly", "a=1; httponly", []),
    ("http_only: remove", "a=1; HttpOnly; HttpOnly", "a=1", ["http-only-removed"]),
    ("http_only: false", "a=1; HttpOnly", "a=1; HttpOnly", []),
    ("partitioned: true, secure: true", "a=1", "a=1; Partitioned; Secure", ["partitioned-changed", "secure-added"]),
    ("partitioned: remove", "a=1; Partitioned; Secure", "a=1; Secure", ["partitioned-changed"]),
    ("same_site: Lax", "a=1", "a=1; SameSite=Lax", ["same-site-changed"]),
    ("same_site: Lax", "a=1; samesite=LAX", "a=1; samesite=LAX", []),
    ("same_site: Lax", "a=1; SameSite=Strict", "a=1; SameSite=Lax", ["same-site-changed"]),
    ("same_site: Lax", "a=1; SameSite", "a=1; SameSite=Lax", ["same-site-changed"]),
    ("same_site: {default: Lax}", "a=1", "a=1; SameSite=Lax", ["same-site-changed"]),
    ("same_site: {default: Lax}", "a=1; SameSite=foo", "a=1; SameSite=Lax", ["same-site-changed"]),
    ("same_site: {default: Lax}", "a=1; SameSite=None; Secure", "a=1; SameSite=None; Secure", []),
    ("same_site: {at_least: Lax}", "a=1; SameSite=None; Secure", "a=1; SameSite=Lax; Secure", ["same-site-changed"]),
    ("same_site: {at_least: Lax}", "a=1; SameSite=Strict", "a=1; SameSite=Strict", []),
    ("same_site: {at_least: Strict}", "a=1; SameSite=Lax", "a=1; SameSite=Strict", ["same-site-changed"]),
    ("same_site: keep", "a=1; SameSite=foo", "a=1; SameSite=foo", []),
    ("same_site: remove", "a=1", "a=1", []),
    ("same_site: remove", "a=1; SameSite=None; Secure", "a=1; Secure", ["same-site-changed"]),
    ("same_site: remove", "a=1; samesite=Lax; SameSite=x; Path=/", "a=1; Path=/", ["same-site-changed"]),
    ("same_site: remove, secure: keep", "a=1; SameSite=None", "a=1", ["same-site-changed"]),
    # the last SameSite counts, even an invalid one
    ("same_site: {default: Lax}", "a=1; SameSite=Strict; SameSite=x", "a=1; SameSite=Strict; SameSite=Lax", ["same-site-changed"]),
    ("path: /app", "a=1", "a=1; Path=/app", ["path-changed"]),
    ("path: /app", "a=1; Path=/app", "a=1; Path=/app", []),
    ("path: /app", "a=1; Path=/; x", "a=1; Path=/app; x", ["path-changed"]),
    ("path: /app", "a=1; path=/app; path=x", "a=1; path=/app; path=/app", ["path-changed"]),
    ("path: keep", "a=1; Path=/", "a=1; Path=/", []),
    ("path: {from: /app/, to: /}", "a=1; Path=/app/x/y", "a=1; Path=/x/y", ["path-changed"]),
    ("path: {from: /app/, to: /}", "a=1; path = /app/; x", "a=1; path=/; x", ["path-changed"]),
    ("path: {from: /, to: /shop/}", "a=1; Path=/", "a=1; Path=/shop", ["path-changed"]),
    ("path: {from: /app/, to: /shop/}", "a=1; Path=/app/", "a=1; Path=/shop", ["path-changed"]),
    ("path: {from: /app/, to: /}", "a=1; Path=/app", "a=1; Path=/", ["path-changed"]),
    ("path: {from: /app, to: /}", "a=1; Path=/app/x", "a=1; Path=/x", ["path-changed"]),
    ("path: {from: /app, to: /}", "a=1; Path=/apply", "a=1; Path=/apply", []),
    ("path: {from: /app, to: /}", "a=1; Path=/App", "a=1; Path=/App", []),
    ("path: {from: /app, to: /}", "a=1", "a=1", []),
    ("path: {from: /app, to: /}", "a=1; Path=/app; Path=/other", "a=1; Path=/app; Path=/other", []),
    ("path: {from: /app, to: /shop/}", "a=1; Path=/app/x", "a=1; Path=/shop/x", ["path-changed"]),
    ("path: [{from: /a, to: /x}, {from: /a/b, to: /y}]", "a=1; Path=/a/b/c", "a=1; Path=/y/c", ["path-changed"]),
    ("path: [{from: /a, to: /x}, {from: /a/b, to: /y}]", "a=1; Path=/a/c", "a=1; Path=/x/c", ["path-changed"]),
    ("domain: {from: app.internal, to: shop.example}", "a=1; Domain=.App.internal", "a=1; Domain=shop.example", ["domain-changed"]),
    ("domain: {from: app.internal, to: host-only}", "a=1; Domain=app.internal; Secure", "a=1; Secure", ["domain-changed"]),
    ("domain: {from: app.internal, to: shop.example}", "a=1; Domain=x.app.internal", "a=1; Domain=x.app.internal", ["browser-would-refuse"]),
    ("domain: {from: app.internal, to: shop.example}", "a=1", "a=1", []),
    ("domain: {from: app.internal, to: shop.example}", "a=1; Domain=", "a=1; Domain=", []),
    ("domain: [{from: a.internal, to: shop.example}, {from: b.internal, to: host-only}]", "a=1; Domain=b.internal", "a=1", ["domain-changed"]),
    ("domain: {from: .shop.example, to: shop.example}", "a=1; Domain=.shop.example", "a=1; Domain=.shop.example", []),
    ("domain: shop.example", "a=1", "a=1", []),
    ("domain: shop.example", "a=1; Domain=", "a=1; Domain=", []),
    ("domain: shop.example", "a=1; Domain=.Shop.Example", "a=1; Domain=.Shop.Example", []),
    ("domain: shop.example", "a=1; Domain=a.shop.example", "a=1; Domain=a.shop.example", ["browser-would-refuse"]),
    ("domain: www.shop.example", "a=1; Domain=shop.example", "a=1; Domain=www.shop.example", ["domain-changed", "browser-would-refuse"]),
    ("domain: host-only", "a=1; Domain=shop.example; domain=x", "a=1", ["domain-changed"]),
    ("domain: host-only", "a=1", "a=1", []),
    ("priority: High", "a=1; Priority=Low", "a=1; Priority=High", ["priority-changed"]),
    ("priority: High", "a=1; priority=high", "a=1; priority=high", []),
    ("priority: High", "a=1", "a=1; Priority=High", ["priority-changed"]),
    # lifetimes
    ("lifetime: 1h", "a=1", "a=1", []),
    ("lifetime: 1h", "a=1; Max-Age=3600", "a=1; Max-Age=3600", []),
    ("lifetime: 1h", "a=1; max-age = 3601; x", "a=1; max-age=3600; x", ["lifetime-capped"]),
    ("lifetime: 1h", "a=1; Max-Age=99999999999999999999999999999", "a=1; Max-Age=3600", ["lifetime-capped"]),
    ("lifetime: 1h", "a=1; Max-Age=+5000", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Max-Age=99999999999999999999x", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Max-Age=" + "0" * 1100 + "60", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Max-Age", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Max-Age=060; x", "a=1; Max-Age=60; x", ["lifetime-normalized"]),
    ("lifetime: 1h", "a=1; Max-Age=60; Max-Age=x", "a=1; Max-Age=60", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Max-Age=99999; x; Max-Age=60", "a=1; x; Max-Age=60", ["lifetime-normalized"]),
    ("lifetime: 1h", "a=1; Max-Age=60; Max-Age=99999", "a=1; Max-Age=3600", ["lifetime-normalized", "lifetime-capped"]),
    ("lifetime: 1h", "a=1; Max-Age=60; Expires=Fri, 31 Dec 2027", "a=1; Max-Age=60", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=Sun, 09 Sep 2001 02:46:40 GMT", "a=1; Expires=Sun, 09 Sep 2001 02:46:40 GMT", []),
    ("lifetime: 1h", "a=1; Expires=Sun, 09 Sep 2001 02:46:41 GMT; x", "a=1; Expires=Sun, 09 Sep 2001 02:46:40 GMT; x", ["lifetime-capped"]),
    ("lifetime: 1h", "a=1; expires=Tue, 19-Jan-2038 03:14:07 GMT; Max-Age=60", "a=1; expires=Sun, 09 Sep 2001 02:46:40 GMT; Max-Age=60", ["lifetime-capped"]),
    ("lifetime: 1h", "a=1; Expires=never", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=Fri, 31 Dec 2027", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=12/31/2027 23:59:59", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=Fri, 31 Dec 2027 23:59 GMT", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=Fri, 31 Dec 02027 23:59:59 GMT", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires=Fri, 31 Dec 2027 000:00:00 GMT", "a=1", ["lifetime-unreadable"]),
    ("lifetime: 1h", "a=1; Expires= 9-Sep-01 02:00:00 PST; x", "a=1; Expires=Sun, 09 Sep 2001 02:00:00 GMT; x", ["lifetime-normalized"]),
    ("lifetime: 1h", "a=1; Max-Age=60; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ["lifetime-normalized"]),
    ("lifetime: session", "a=1; Max-Age=60; Expires=never", "a=1", ["lifetime-capped", "lifetime-unreadable"]),
    ("lifetime: session", "a=1; Expires=never", "a=1", ["lifetime-unreadable"]),
    # without a bound the policy leaves the lifetime unchanged
    ("secure: keep", "a=1; Max-Age=+5000; Max-Age=x; Expires=Fri, 31 Dec 2027", "a=1; Max-Age=+5000; Max-Age=x; Expires=Fri, 31 Dec 2027", []),
    ("lifetime: session", "a=1", "a=1", []),
    # two dates: the last valid one is kept, and cut
    ("lifetime: 1h", "a=1; Expires=Tue, 19 Jan 2038 03:14:07 GMT; Expires=Wed, 19 Jan 2039 03:14:07 GMT", "a=1; Expires=Sun, 09 Sep 2001 02:46:40 GMT", ["lifetime-normalized", "lifetime-capped"]),
    # all other bytes are kept
    ("secure: true", 'a="x y" ;version="1";;foo=bar', 'a="x y" ;version="1";;foo=bar; Secure', ["secure-added"]),
    ("secure: true", "a=1; Path=/;", "a=1; Path=/; Secure;", ["secure-added"]),
    ("secure: true", " a = 1 ", " a = 1 ; Secure", ["secure-added"]),
    ("secure: true", "a=\xff\xe9", "a=\xff\xe9; Secure", ["secure-added"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "after", "reasons"), VERBS)
def test_each_verb_changes_a_line_as_the_reference_describes(
    rule: str, line: str, after: str | None, reasons: list[str]
) -> None:
    found = judge(engine(entries(f"name: a, supersede: false, {rule}")), line)
    assert (found[0], found[2]) == (after, reasons)
    action = "block" if after is None else "pass" if after == line else "rewrite"
    assert found[1] == action


@pytest.mark.parametrize(("rule", "line", "after", "reasons"), VERBS)
def test_report_mode_decides_the_same_and_changes_nothing(
    rule: str, line: str, after: str | None, reasons: list[str]
) -> None:
    for reporting in (
        engine(entries(f"name: a, {rule}"), Mode.REPORT),
        engine(entries(f"name: a, stage: report, {rule}")),
    ):
        found = judge(reporting, line)
        assert (found[0], found[2]) == (line, reasons)


@pytest.mark.parametrize(
    ("rule", "line", "after"),
    [
        ("path: /x", "a=1;", "a=1; Path=/x;"),
        ("domain: host-only, path: /x", "a=1; ;Domain=shop.example", "a=1; Path=/x; "),
        ("domain: host-only, path: /x, secure: true", "a=1;Domain=shop.example", "a=1; Path=/x; Secure"),
        ("domain: host-only, secure: true", "a=1;Domain=shop.example;", "a=1; Secure;"),
        ("path: /x, http_only: remove", "a=1;HttpOnly; ", "a=1; Path=/x; "),
        ("path: /x, secure: true, http_only: remove", "a=1;;HttpOnly", "a=1;; Path=/x; Secure"),
        ("path: /x, secure: true", "a=1;Max-Age=0;", "a=;Max-Age=0; Path=/x; Secure;"),
        ("path: /x", "a=v;x\ty;Max-Age=00;;", "a=; Path=/x; Max-Age=0"),
        ("path: /x", "a=v;Path\t=/x;Path=y\t/x;Max-Age=0;", "a=; Path=/x;Max-Age=0;"),
        ("secure: keep", "a=v; Max-Age=\t0", "a=; Max-Age=0"),
        ("secure: keep", "a=v; Max-Age\t=0", "a=; Max-Age=0"),
        (
            "secure: keep",
            "a=; Path=\t/;\tDomain\t=shop.example\t; Secure=\tx; Max-Age=0",
            "a=; Path=/; Domain=shop.example; Secure=x; Max-Age=0",
        ),
    ],
)
def test_attributes_are_added_before_an_empty_last_one(rule: str, line: str, after: str) -> None:
    assert judge(engine(entries(f"name: a, supersede: false, {rule}")), line)[0] == after


def test_a_name_with_underscores_and_no_prefix_needs_no_attribute() -> None:
    assert judge(engine(entries("name: __utma, http_only: true")), "__utma=1") == (
        "__utma=1; HttpOnly",
        "rewrite",
        ["http-only-added"],
    )


@pytest.mark.parametrize(
    ("response", "mode", "passes", "enforced"),
    [
        ("block", Mode.ENFORCE, False, True),
        ("block", Mode.REPORT, True, False),
        ("report", Mode.ENFORCE, True, False),
        ("pass", Mode.ENFORCE, True, True),
    ],
)
def test_an_undeclared_set_cookie_is_blocked_reported_or_passed(
    response: str, mode: Mode, passes: bool, enforced: bool
) -> None:
    outcome = engine(entries("name: a", undeclared=f"{{response: {response}}}"), mode).on_response(
        [(b"X", b"y"), (b"set-COOKIE", b"b=1; Path=/"), (b"Z", b"")], SECURE, NOW
    )
    (judged,) = outcome.cookies
    assert outcome.headers == [
        (b"X", b"y"),
        *([(b"set-COOKIE", b"b=1; Path=/")] if passes else []),
        (b"Z", b""),
    ]
    assert judged.decision.enforced is enforced
    assert judged.decision.label == "__undeclared__"
    assert [r.value for r in judged.decision.reasons] == ([] if response == "pass" else ["undeclared"])


@pytest.mark.parametrize(
    ("line", "after", "reasons"),
    [
        # a declared deletion passes with the edits that decide which cookie it deletes
        ("a=; Max-Age=0", "a=; Max-Age=0; Path=/app; SameSite=Lax; Secure", ["path-changed", "same-site-changed", "secure-added", "deletion"]),
        ("a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a=; Path=/app; SameSite=Lax; Secure; Max-Age=0", ["path-changed", "same-site-changed", "secure-added", "deletion"]),
        # browsers use the last attribute, valid or not: one reading is left
        ("a=x; Path=/app; Max-Age=0; Max-Age=x", "a=; Path=/app; SameSite=Lax; Secure; Max-Age=0", ["same-site-changed", "secure-added", "deletion"]),
        ("a=x; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=x;", "a=; Path=/app; SameSite=Lax; Secure; Max-Age=0", ["same-site-changed", "secure-added", "deletion"]),
        ("a=x; Path=/app; Max-Age=-7", "a=; Path=/app; SameSite=Lax; Secure; Max-Age=0", ["same-site-changed", "secure-added", "deletion"]),
        ("a=; Path=/app; SameSite=Lax; Secure; max-age= 0", "a=; Path=/app; SameSite=Lax; Secure; max-age= 0", ["deletion"]),
        # Max-Age overrides Expires: this is not a deletion
        ("a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", "a=x; Path=/app; SameSite=Lax; Secure; HttpOnly", ["path-changed", "same-site-changed", "secure-added", "http-only-added", "lifetime-capped"]),
        # an undeclared deletion is sent without its value and with its own identity
        ("b=secret; Path=/x; Domain=shop.example; Foo; Max-Age=-1", "b=; Path=/x; Domain=shop.example; Max-Age=0", ["undeclared", "deletion"]),
        ("b=; Max-Age=0", "b=; Max-Age=0", ["undeclared", "deletion"]),
        ("secret; Max-Age=0", "deleted; Max-Age=0", ["undeclared", "deletion"]),
        ("=secret; Path=/x; Max-Age=0", "deleted; Path=/x; Max-Age=0", ["undeclared", "deletion"]),
        ("deleted; Max-Age=0", "deleted; Max-Age=0", ["undeclared", "deletion"]),
        ("b=; Max-Age=0; Max-Age=x", "b=; Max-Age=0", ["undeclared", "deletion"]),
        ("__Host-b=; Path=/; Secure; Max-Age=0", "__Host-b=; Path=/; Secure; Max-Age=0", ["undeclared", "deletion"]),
        # browsers ignore a deletion that breaks the rules of its prefix, and a partitioned one without Secure
        ("__Http-b=; Secure; HttpOnly; Max-Age=0", "__Http-b=; Secure; HttpOnly; Max-Age=0", ["undeclared", "deletion"]),
        ("__Host-Http-b=; Path=/; Max-Age=0", "__Host-Http-b=; Path=/; Secure; HttpOnly; Max-Age=0", ["undeclared", "deletion"]),
        ("b=; Partitioned; Max-Age=0", "b=; Partitioned; Secure; Max-Age=0", ["undeclared", "deletion"]),
    ],
)  # fmt: skip
def test_deletions_always_pass(line: str, after: str, reasons: list[str]) -> None:
    rules = "path: /app, secure: true, same_site: Lax, http_only: true, lifetime: session"
    policy = entries(f"name: a, supersede: false, {rules}")
    found = judge(engine(policy), line)
    assert (found[0], found[2]) == (after, reasons)


SUPERSEDED = [
    # rule, line, expiring line before it, outgoing line
    ("path: /app", "a=1; Path=/; Max-Age=60", "a=; Path=/; Max-Age=0", "a=1; Path=/app; Max-Age=60"),
    ("path: /app", "a=1", "a=; Max-Age=0", "a=1; Path=/app"),
    ("path: /app", "a=1; Path=/app", "", "a=1; Path=/app"),
    ("path: /app", "a=1; Path=/; Expires=Tue, 19 Jan 2038 03:14:07 GMT", "a=; Path=/; Max-Age=0", "a=1; Path=/app; Expires=Tue, 19 Jan 2038 03:14:07 GMT"),
    ("domain: host-only", "a=1; Domain=shop.example", "a=; Domain=shop.example; Max-Age=0", "a=1"),
    ("domain: www.shop.example", "a=1; Domain=shop.example; Path=/", "a=; Domain=shop.example; Path=/; Max-Age=0", "a=1; Domain=www.shop.example; Path=/"),
    ("partitioned: remove", "a=1; Secure; Partitioned", "a=; Secure; Partitioned; Max-Age=0", "a=1; Secure"),
    ("partitioned: true", "a=1; Secure", "a=; Secure; Max-Age=0", "a=1; Secure; Partitioned"),
    # a deletion deletes both
    ("path: /app", "a=; Path=/; Max-Age=0", "a=; Path=/; Max-Age=0", "a=; Path=/app; Max-Age=0"),
    # never stored by browsers
    ("path: /, secure: true", "__Host-a=1", "", "__Host-a=1; Path=/; Secure"),
    ("partitioned: remove", "a=1; Partitioned", "", "a=1"),
    ("path: /app, supersede: false", "a=1; Path=/", "", "a=1; Path=/app"),
    # a move leaves the old place alone, because another application may own it
    ("path: {from: /app, to: /}", "a=1; Path=/app/x", "", "a=1; Path=/x"),
    ("path: {from: /, to: /shop}", "a=1; Path=/", "", "a=1; Path=/shop"),
    ("domain: {from: shop.example, to: host-only}", "a=1; Domain=shop.example", "", "a=1"),
    ("path: {from: /app, to: /}, supersede: true", "a=1; Path=/app/x", "a=; Path=/app/x; Max-Age=0", "a=1; Path=/x"),
    ("domain: {from: shop.example, to: host-only}, supersede: true", "a=1; Domain=shop.example", "a=; Domain=shop.example; Max-Age=0", "a=1"),
    # browsers at this host never stored it
    ("domain: {from: app.internal, to: shop.example}, supersede: true", "a=1; Domain=app.internal", "", "a=1; Domain=shop.example"),
    ("path: /app, stage: report", "a=1; Path=/", "", "a=1; Path=/"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "before", "after"), SUPERSEDED)
def test_the_identity_that_an_edit_leaves_is_expired_first(rule: str, line: str, before: str, after: str) -> None:
    name = line.partition("=")[0]
    tried = engine(entries(f"name: {name}, {rule}"))
    expected = [(b"Set-Cookie", text.encode()) for text in (before, after) if text]
    for _ in range(3):
        outcome = tried.on_response([(b"Set-Cookie", line.encode())], SECURE, NOW)
        assert outcome.headers == expected
        (judged,) = outcome.cookies
        assert (Reason.SUPERSEDED in judged.decision.reasons) == bool(before)


def test_a_move_leaves_the_path_that_a_prefix_requires() -> None:
    tried = engine(entries("name: '*', path: {from: /, to: /x}"))
    assert judge(tried, "__Host-a=1; Path=/; Secure")[0] == "__Host-a=1; Path=/; Secure"


def test_a_deletion_keeps_same_site_none_which_browsers_require_in_frames() -> None:
    tried = engine(entries("name: a, same_site: remove"))
    assert judge(tried, "a=; SameSite=None; Secure; Max-Age=0")[0] == "a=; SameSite=None; Secure; Max-Age=0"


@pytest.mark.parametrize("rule", ["Lax", "Strict", "{at_least: Lax}", "{default: Strict}", "remove"])
def test_a_deletion_keeps_its_permission_for_frames_of_other_sites(rule: str) -> None:
    tried = engine(entries(f"name: a, secure: keep, same_site: {rule}"))
    line = "a=; Max-Age=0; SameSite=None; Secure; Partitioned"
    assert judge(tried, line)[0] == line


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("SameSite=None; SameSite=Lax", ""),
        ("SameSite=Lax; SameSite=None", "; SameSite=Lax; SameSite=None; Secure"),
        ("SameSite=None; SameSite=x", ""),
    ],
)
def test_the_last_same_site_of_an_undeclared_deletion_counts(given: str, kept: str) -> None:
    assert judge(engine(entries("name: a")), f"b=; {given}; Max-Age=0")[0] == f"b={kept}; Max-Age=0"


LONG = "x" * 1100


@pytest.mark.parametrize(
    ("rule", "line", "after"),
    [
        ("same_site: Strict", f"a=1; SameSite=Strict; SameSite={LONG}", "a=1; SameSite=Strict"),
        ("same_site: Lax", f"a=1; SameSite={LONG}", "a=1; SameSite=Lax"),
        ("same_site: {at_least: Lax}", f"a=1; SameSite=Lax; SameSite={LONG}", "a=1; SameSite=Lax"),
        ("same_site: remove", f"a=1; SameSite={LONG}", "a=1"),
        ("http_only: remove", f"a=1; HttpOnly={LONG}", "a=1"),
        ("secure: remove", f"a=1; Secure={LONG}", "a=1"),
        ("partitioned: remove, supersede: false", f"a=1; Secure; Partitioned={LONG}", "a=1; Secure"),
        ("secure: keep, same_site: keep", f"a=1; SameSite={LONG}", f"a=1; SameSite={LONG}"),
    ],
)
def test_attributes_that_only_firefox_reads_leave_with_the_rule_for_them(rule: str, line: str, after: str) -> None:
    tried = engine(entries(f"name: a, {rule}"))
    for _ in range(2):
        assert judge(tried, line)[0] == after
    assert judge(tried, after)[0] == after


def test_an_undeclared_deletion_never_keeps_the_value_of_the_next_one() -> None:
    tried = engine(entries("name: a"))
    assert judge(tried, "b=; Max-Age=0")[0] == "b=; Max-Age=0"
    assert judge(tried, "b=secret; Max-Age=0")[0] == "b=; Max-Age=0"


COMPLETED = [
    # name and rule, deletion, outgoing deletion, which browsers read and which matches the cookie
    ("__Host-a, secure: keep", "__Host-a=; Max-Age=0", "__Host-a=; Max-Age=0; Path=/; Secure"),
    ("__Host-a, secure: keep", "__Host-a=; Path=/; Domain=shop.example; Max-Age=0", "__Host-a=; Path=/; Max-Age=0; Secure"),
    ("__Http-a, secure: keep", "__Http-a=; Secure; Max-Age=0", "__Http-a=; Secure; Max-Age=0; HttpOnly"),
    ("__Host-Http-a, secure: keep", "__Host-Http-a=; Path=/; Secure; Max-Age=0", "__Host-Http-a=; Path=/; Secure; Max-Age=0; HttpOnly"),
    ("__Secure-a, secure: keep", "__Secure-a=; Max-Age=-1", "__Secure-a=; Secure; Max-Age=0"),
    ("a, same_site: None, secure: keep", "a=; Max-Age=0", "a=; Max-Age=0; SameSite=None; Secure"),
    ("a, partitioned: true, secure: keep", "a=; Max-Age=0", "a=; Max-Age=0; Partitioned; Secure"),
    ("'*', secure: keep, path: /app", "__Host-a=; Max-Age=0; Path=/", "__Host-a=; Max-Age=0; Path=/; Secure"),
    ("a, secure: https", "a=; Max-Age=0; SameSite=None", "a=; Max-Age=0; SameSite=None; Secure"),
    ("a, secure: keep", "a=; Max-Age=0; SameSite=Lax", "a=; Max-Age=0; SameSite=Lax"),
]  # fmt: skip


@pytest.mark.parametrize("site", [SECURE, Exchange(b"shop.example", https=False)])
@pytest.mark.parametrize(("rule", "line", "after"), COMPLETED)
def test_a_deletion_gets_the_attributes_without_which_browsers_ignore_it(
    rule: str, line: str, after: str, site: Exchange
) -> None:
    tried = engine(entries(f"supersede: false, name: {rule}"))
    for _ in range(2):
        (judged,) = tried.on_response([(b"Set-Cookie", line.encode())], site, NOW).cookies
        assert judged.after == after.encode()
        reasons = judged.decision.reasons
        assert not {Reason.PREFIX_RULE, Reason.NONE_WITHOUT_SECURE} & set(reasons)
        assert len(reasons) == len(set(reasons))
        line = after


@pytest.mark.parametrize("declared", ["name: a", "name: other"])
@pytest.mark.parametrize("attribute", ["x=a\tb", "Path=/\tx", "Domain=x\ty", "SameSite=L\tax"])
def test_a_deletion_leaves_without_an_attribute_that_has_a_tab(declared: str, attribute: str) -> None:
    """Remove an attribute with a tab, because Chromium ignores the whole line."""
    after, _, _ = judge(engine(entries(declared)), f"a=; {attribute}; Path=/; Max-Age=0")
    assert after == "a=; Path=/; Max-Age=0"


@pytest.mark.parametrize("response", ["pass", "report"])
@pytest.mark.parametrize("tail", ["Max-Age=0; Max-Age=x", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=x"])
def test_a_word_that_is_a_declared_name_does_not_make_a_deletion_ambiguous(response: str, tail: str) -> None:
    """Block it, because Firefox takes the word as a name without a value and uses the second lifetime."""
    tried = engine(f"undeclared: {{response: {response}}}\n" + entries("name: a"))
    assert judge(tried, f"a; {tail}")[0] == "deleted; Max-Age=0"


DATES = [
    # the Date fields of the response, and the resulting Expires or Max-Age under a bound of an hour
    ([], "Sun, 09 Sep 2001 02:46:40 GMT"),
    (["Sun, 09 Sep 2001 01:46:40 GMT"], "Sun, 09 Sep 2001 02:46:40 GMT"),
    # browsers count from Date: a slow clock would make the cookie live longer
    (["Sun, 09 Sep 2001 01:16:40 GMT"], "Sun, 09 Sep 2001 02:16:40 GMT"),
    # an end that is past by one of the clocks would be a deletion
    (["Sat, 08 Sep 2001 01:46:40 GMT"], 3600),
    # browsers may read any other form as another time
    (["Saturday, 08-Sep-01 01:46:40 GMT"], None),
    (["Sat, 08 Sep 2001 01:46:40 GMT+1200"], None),
    (["Sat, 08 Sep 2001 01:46:40 JST"], None),
    (["9/8/1999 8 Sep 2001 01:46:40 GMT"], None),
    # some browsers count from their own clock: a Date in the future must not extend the lifetime
    (["Sun, 09 Sep 2001 02:16:40 GMT"], "Sun, 09 Sep 2001 02:46:40 GMT"),
    (["Sun, 09 Sep 2001 02:46:40 GMT"], 3600),
    (["Mon, 10 Sep 2001 01:46:40 GMT"], 3600),
    (["yesterday"], None),
    ([""], None),
    (["Sat, 08 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:40 GMT"], None),
]  # fmt: skip


@pytest.mark.parametrize("form", ["Tue, 19 Jan 2038 03:14:07 GMT", "Tue, 19-Jan-38 03:14:07 GMT"])
@pytest.mark.parametrize(("dates", "expires"), DATES)
def test_expires_is_bounded_on_the_clock_from_which_browsers_count_it(
    dates: list[str], expires: str | int | None, form: str
) -> None:
    tried = engine(entries("name: a, lifetime: 1h"))
    head = [(b"Date", date.encode()) for date in dates] + [(b"Set-Cookie", f"a=1; Expires={form}".encode())]
    for _ in range(2):
        outcome = tried.on_response(head, SECURE, NOW)
        told = f"; Max-Age={expires}" if isinstance(expires, int) else f"; Expires={expires}" if expires else ""
        assert outcome.headers[-1][1].decode() == f"a=1{told}"
        assert outcome.headers[:-1] == head[:-1]


def test_a_past_expires_is_a_deletion_by_the_clock_of_the_response() -> None:
    line = b"a=1; Expires=Sun, 09 Sep 2001 01:00:00 GMT"  # 47 minutes ago
    tried = engine(entries("name: a, lifetime: 1h"))
    for date, is_deletion in (
        (b"Sun, 09 Sep 2001 01:46:40 GMT", True),
        (b"Sun, 09 Sep 2001 00:46:40 GMT", False),
        (b"Sun, 09 Sep 2001 02:46:40 GMT", True),
    ):
        outcome = tried.on_response([(b"Date", date), (b"Set-Cookie", line)], SECURE, NOW)
        assert (Reason.DELETION in outcome.cookies[0].decision.reasons) is is_deletion


CLOCKS = [
    # the Date fields of a response and an Expires
    (["Sun, 09 Sep 2001 01:46:40 GMT"], "Sun, 09 Sep 2001 01:46:30 GMT"),
    (["Mon, 10 Sep 2001 05:46:40 GMT"], "Mon, 10 Sep 2001 02:46:40 GMT"),  # past by the Date, too late by the bound
    (["Sat, 08 Sep 2001 01:46:40 GMT"], "Sun, 09 Sep 2001 01:46:30 GMT"),
    (["Sun, 09 Sep 2001 02:16:40 GMT"], "Tue, 19 Jan 2038 03:14:07 GMT"),
    (["Mon, 10 Sep 2001 01:46:40 GMT"], "Tue, 19 Jan 2038 03:14:07 GMT"),
    ([], "Sun, 09 Sep 2001 01:46:41 GMT"),
]


@pytest.mark.parametrize("age", ["", "; Max-Age=60"])
@pytest.mark.parametrize("lifetime", ["1h", "session"])
def test_a_plan_is_not_used_under_a_clock_for_which_it_is_wrong(lifetime: str, age: str) -> None:
    rules = entries(f"name: a, lifetime: {lifetime}")
    for pair in permutations(CLOCKS, 2):
        warm = engine(rules)
        for dates, expires in pair:
            head = [(b"Date", date.encode()) for date in dates]
            head.append((b"Set-Cookie", f"a=1; Expires={expires}{age}".encode()))
            (judged,) = warm.on_response(head, SECURE, NOW).cookies
            (plainly,) = engine(rules).on_response(head, SECURE, NOW).cookies
            assert (judged.after, judged.decision.reasons) == (plainly.after, plainly.decision.reasons), pair


def test_a_line_with_an_expires_is_remembered_under_a_bound_of_the_session() -> None:
    tried = engine(entries("name: a, lifetime: session"))
    judge(tried, "a=1; Expires=Tue, 19 Jan 2038 03:14:07 GMT")
    assert any(scope.dated for scope in tried._scopes.values())


AHEAD = "Sun, 09 Sep 2001 02:46:40 GMT"


@pytest.mark.parametrize(
    ("dates", "is_deletion"),
    [
        (["Sunday, 09-Sep-01 02:46:40 GMT"], True),
        (["Sun Sep  9 02:46:40 2001"], True),
        (["sun, 09 sep 2001 02:46:40 gmt"], True),
        (["Sun, 09 Sep 2001 02:46:40 UTC"], True),
        (["Sun, 09 Sep 2001 01:46:40 GMT", AHEAD], True),
        (["11/29/1999 29 Nov 2001 02:46:40 GMT"], False),  # the order is unclear
        (["Sun, 09 Sep 2001 02:46:40 EST"], False),
    ],
)
def test_a_date_in_another_form_can_show_that_an_expires_is_a_deletion(dates: list[str], is_deletion: bool) -> None:
    """Judge an Expires that is 13 minutes after the proxy's time, and before the Date."""
    head = [(b"Date", date.encode()) for date in dates]
    line = b"a=1; Expires=Sun, 09 Sep 2001 02:00:00 GMT"
    for rule in ("session", "1h"):
        outcome = engine(entries(f"name: a, lifetime: {rule}")).on_response([*head, (b"Set-Cookie", line)], SECURE, NOW)
        assert outcome.headers[-1][1] == (b"a=; Max-Age=0" if is_deletion else b"a=1")


@pytest.mark.parametrize("dates", [["yesterday"], ["Sun, 09 Sep 2001 01:46:40 GMT"] * 2])
def test_where_the_clock_is_unknown_a_past_expires_is_still_a_deletion(dates: list[str]) -> None:
    tried = engine(entries("name: a, lifetime: 1h"))
    head = [(b"Date", date.encode()) for date in dates]
    for line in (
        b"a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"u=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ):
        outcome = tried.on_response([*head, (b"Set-Cookie", line)], SECURE, NOW)
        assert outcome.headers[-1] == (b"Set-Cookie", line[:2] + b"; Max-Age=0")


DELETED_AT = [
    # by HTTPS or not, deletion, outgoing deletion under `secure: true`
    (True, "a=; Max-Age=0", "a=; Max-Age=0; Secure"),
    (False, "a=; Max-Age=0", "a=; Max-Age=0"),
    (False, "a=; Max-Age=0; SameSite=None", "a=; Max-Age=0; SameSite=None; Secure"),
    # browsers that read an attribute of any length
    (True, "a=; Max-Age=0; Partitioned=" + "x" * 1100, "a=; Max-Age=0; Secure"),
    # a request from a page of another site
    (
        True,
        "u=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
        "u=; Path=/; Secure; SameSite=None; Partitioned; Max-Age=0",
    ),
    (True, "u=x; SameSite=Lax; Max-Age=0", "u=; Max-Age=0"),
]


@pytest.mark.parametrize(("https", "line", "after"), DELETED_AT)
def test_a_deletion_is_one_where_the_browser_is(https: bool, line: str, after: str) -> None:
    tried = engine(entries("name: a, secure: true"))
    (judged,) = tried.on_response([(b"Set-Cookie", line.encode())], Exchange(b"shop.example", https=https), NOW).cookies
    assert judged.after is not None and judged.after.decode() == after


@pytest.mark.parametrize("date", ["", "; Expires=Tue, 19 Jan 2038 03:14:07 GMT"])
def test_names_of_one_glob_are_judged_alike_and_each_as_itself(date: str) -> None:
    warm = engine(entries("name: 'g-*', lifetime: 1h, path: /app"))
    for name in ("g-1", "g-2", " g-3 ", "g-" + "x" * 600, "g-1", "u", "v" * 600):
        line = [(b"Set-Cookie", f"{name}=1; Path=/{date}".encode())]
        fresh = engine(entries("name: 'g-*', lifetime: 1h, path: /app"))
        found, expected = (each.on_response(line, SECURE, NOW) for each in (warm, fresh))
        assert found.headers == expected.headers
        assert found.cookies[0].decision.reasons == expected.cookies[0].decision.reasons
    scope = warm.scope(SECURE)
    (one, _), (other, _) = (
        warm.on_set_cookies(run(name, b"; Path=/%b" % date.encode()), scope, lambda: clock_at(NOW), unexpected)
        for name in (b"g-1", b"g-2")
    )
    assert one != other


def test_a_word_that_some_browsers_take_for_a_declared_name_does_not_pass() -> None:
    """Block a line without `=`, which Firefox stores under that name without a value."""
    tried = engine(entries("name: 'b-*', lifetime: 1h", undeclared="{response: pass}"))
    assert judge(tried, "b-uid123; Max-Age=30000000")[1] == "block"
    assert judge(tried, "other; Max-Age=30000000")[:2] == ("other; Max-Age=30000000", "pass")


def test_an_empty_domain_is_host_only() -> None:
    tried = engine(entries("name: __Host-a"))
    assert judge(tried, "__Host-a=1; Secure; Path=/; Domain=") == (
        "__Host-a=1; Secure; Path=/; Domain=",
        "pass",
        [],
    )
    assert judge(tried, "__Host-a=1; Secure; Path=/; Domain=shop.example; Domain=")[1] == "block"
    assert judge(tried, "__Host-a=1; Secure; Path=/; Domain=.")[1] == "block"


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ("", ["malformed"]),
        ("=", ["malformed"]),
        ("; Path=/", ["malformed"]),
        ("a=\x00", ["malformed"]),
        ("a=1; Path=/\x7f", ["malformed"]),
        ("a=1\r\nSet-Cookie: b=2", ["malformed"]),
        ("1", ["undeclared"]),
        ("=1", ["undeclared"]),
        ("a=" + "x" * 4096, ["too-large"]),
        ("a=1" + "; x" * 300 + "; SameSite=None", ["none-without-secure"]),
        ("a=1; Expires=x; Expires=y; Expires=Fri, 31 Dec 2027 23:59:59 GMT", ["malformed"]),
        ("a=1; expires; EXPIRES =; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ["malformed"]),
        ("a=1" + "; x" * 300 + "; Expires=x" * 3, ["malformed"]),
        ("a=1; Expires=" + "y" * 1100 + "; Expires=x; Expires=x", ["malformed"]),
        ("a=1" + "; Path=/" * 5, ["malformed"]),
    ],
)
def test_a_hostile_line_is_a_decision_with_a_reason(line: str, reasons: list[str]) -> None:
    assert judge(engine(entries("name: a")), line) == (None, "block", reasons)


def test_a_line_of_ten_thousand_bytes_and_three_hundred_attributes_passes_where_browsers_would_take_it() -> None:
    line = "a=1" + "; x" * 300 + "; y=" + "z" * 9000
    assert judge(engine(entries("name: a")), line) == (line, "pass", [])


def test_control_characters_pass_in_no_mode_and_an_empty_line_in_report_mode() -> None:
    reporting = engine(entries("name: a"), Mode.REPORT)
    assert judge(reporting, "a=\n")[0] is None
    assert judge(reporting, "=") == ("=", "block", ["malformed"])


@pytest.mark.parametrize(
    ("name", "line", "passes"),
    [
        ("__Secure-a", "__Secure-a=1", False),
        ("__Secure-a", "__Secure-a=1; Secure", True),
        ("__SECURE-a", "__SECURE-a=1", False),
        ("__Host-a", "__Host-a=1; Secure; Path=/", True),
        ("__Host-a", "__Host-a=1; Secure", False),
        ("__Host-a", "__Host-a=1; Secure; Path=/x", False),
        ("__Host-a", "__Host-a=1; Secure; Path=/; Domain=shop.example", False),
        ("__Http-a", "__Http-a=1; Secure; HttpOnly", True),
        ("__Http-a", "__Http-a=1; Secure", False),
        ("__Host-Http-a", "__Host-Http-a=1; Secure; HttpOnly; Path=/", True),
        ("__Host-Http-a", "__Host-Http-a=1; Secure; Path=/", False),
    ],
)
def test_a_name_prefix_is_held_to_its_requirements(name: str, line: str, passes: bool) -> None:
    found = judge(engine(entries(f"name: {name}")), line)
    assert found == ((line, "pass", []) if passes else (None, "block", ["prefix-rule"]))


def test_a_prefix_is_repaired_where_the_policy_gives_the_right() -> None:
    repairing = engine(entries("name: __Host-a, secure: true, path: /, domain: host-only"))
    assert judge(repairing, "__Host-a=1; Domain=shop.example")[0] == "__Host-a=1; Path=/; Secure"


@pytest.mark.parametrize(
    ("line", "exchange", "reasons"),
    [
        ("a=1; Domain=other.example", SECURE, ["browser-would-refuse"]),
        ("a=1; Domain=example", SECURE, ["browser-would-refuse"]),
        ("a=1; Domain=localhost", Exchange(b"localhost:8080"), []),
        ("a=1; Domain=127.0.0.1", Exchange(b"127.0.0.1"), []),
        ("a=1; Domain=0.0.1", Exchange(b"127.0.0.1"), ["browser-would-refuse"]),
        ("a=1; Secure", PLAIN, ["secure-over-http"]),
        ("a=1; Secure", Exchange(b"127.0.0.1:80", https=False), []),
        ("a=1; Secure", Exchange(b"app.localhost", https=False), []),
    ],
)  # fmt: skip
def test_cookies_judged_by_their_place_pass_and_are_reported(line: str, exchange: Exchange, reasons: list[str]) -> None:
    assert judge(engine(entries("name: a")), line, exchange) == (line, "pass", reasons)


def test_secure_https_adds_nothing_over_plain_http() -> None:
    assert judge(engine(entries("name: a, secure: https")), "a=1", PLAIN) == ("a=1", "pass", [])
    assert judge(engine(entries("name: a, secure: https")), "a=1; SameSite=None", PLAIN)[2] == ["none-without-secure"]


def test_a_ceiling_bounds_every_entry() -> None:
    tried = engine(entries("name: a, lifetime: 1y", "name: b", "name: c, lifetime: 1min", ceiling="1h"))
    found = [judge(tried, f"{name}=1; Max-Age=99999")[0] for name in "abc"]
    assert found == ["a=1; Max-Age=3600", "b=1; Max-Age=3600", "c=1; Max-Age=60"]


def test_a_server_that_sets_a_script_cookie_is_reported() -> None:
    assert judge(engine(entries("name: a, set_by: script, http_only: keep")), "a=1") == (
        "a=1",
        "pass",
        ["set-by-server"],
    )


def test_an_entry_for_another_host_or_path_does_not_let_the_cookie_pass() -> None:
    scoped = engine(
        entries(
            "name: a, scope: {hosts: [shop.example], paths: [/account]}",
            "name: b, scope: {hosts: ['*.shop.example']}",
        )
    )
    assert judge(scoped, "a=1")[1] == "pass"
    assert judge(scoped, "a=1", Exchange(b"shop.example", b"/accounts"))[2] == ["out-of-scope"]
    assert judge(scoped, "a=1", Exchange(b"other.example", b"/account"))[2] == ["out-of-scope"]
    assert judge(scoped, "b=1")[2] == ["out-of-scope"]
    assert judge(scoped, "b=1", Exchange(b"a.b.SHOP.example:443", b"/"))[1] == "pass"


def test_every_set_cookie_is_decided_on_its_own_and_order_is_kept() -> None:
    tried = engine(entries("name: a, secure: true", "name: b"))
    headers = [
        (b"Set-Cookie", b"a=1, b=2"),
        (b"X", b"1"),
        (b"Set-Cookie", b"c=1"),
        (b"set-cookie", b"b=2"),
        (b"Set-Cookie", b"a=3"),
    ]
    outcome = tried.on_response(headers, SECURE, NOW)
    assert outcome.headers == [
        (b"Set-Cookie", b"a=1, b=2; Secure"),
        (b"X", b"1"),
        (b"set-cookie", b"b=2"),
        (b"Set-Cookie", b"a=3; Secure"),
    ]
    assert [judged.name for judged in outcome.cookies] == [b"a", b"c", b"b", b"a"]


# Requests

REQUEST = entries(
    "name: a",
    "name: b, forward: false",
    "name: lb, set_by: infrastructure",
    "name: 'i-*'",
    "name: x, scope: {hosts: [other.example]}",
)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("a=1", "a=1"),
        ("a=1; c=2", "a=1"),
        ("c=1; a=2", "a=2"),
        ("c=1;  a=2 ;d=3;a=4", "a=2 ;a=4"),
        ("a=1; b=2; i-9=3", "a=1; i-9=3"),
        ("b=1", None),
        ("lb=1; a=2", "a=2"),
        ("x=1; a=2", "a=2"),
        ("c=1; ", None),
        ("", ""),
        ("; ;", "; ;"),
        ("nameless; a=1", "a=1"),
        ("=nameless; a=1", "a=1"),
        ("a=1; a=2; a", "a=1; a=2"),
        ('a="x;y"; a=1', 'a="x; a=1'),
        ("$Version=1; a=1; $Path=/", "a=1"),
        ("A=1; a=1", "a=1"),
    ],
)
def test_the_application_gets_what_is_declared_and_forwarded(header: str, after: str | None) -> None:
    outcome = engine(REQUEST).on_request([(b"Host", b"h"), (b"Cookie", header.encode())], SECURE, NOW)
    assert outcome.headers == [(b"Host", b"h"), *([(b"Cookie", after.encode())] if after is not None else [])]


def test_several_cookie_headers_become_one_where_the_first_stood() -> None:
    headers = [(b"cookie", b"a=1; c=2"), (b"X", b"y"), (b"Cookie", b"i-1=3")]
    assert engine(REQUEST).on_request(headers, SECURE, NOW).headers == [
        (b"cookie", b"a=1; i-1=3"),
        (b"X", b"y"),
    ]
    assert engine(REQUEST).on_request([(b"X", b"y")], SECURE, NOW).headers == [(b"X", b"y")]


@pytest.mark.parametrize(
    ("request_rule", "mode", "after", "reasons"),
    [
        ("strip", Mode.ENFORCE, None, ["undeclared"]),
        ("strip", Mode.REPORT, b"c=1", ["undeclared"]),
        ("report", Mode.ENFORCE, b"c=1", ["undeclared"]),
        ("pass", Mode.ENFORCE, b"c=1", []),
    ],
)
def test_an_undeclared_cookie_is_stripped_reported_or_passed(
    request_rule: str, mode: Mode, after: bytes | None, reasons: list[str]
) -> None:
    tried = engine(entries("name: a", undeclared=f"{{request: {request_rule}}}"), mode)
    after_found, (judged,) = tried.on_cookie(b"c=1", tried.scope(SECURE))
    assert (after_found, [r.value for r in judged.decision.reasons]) == (after, reasons)


def test_an_entry_at_stage_report_is_forwarded_and_reported() -> None:
    tried = engine(entries("name: b, forward: false, stage: report"))
    after, (judged,) = tried.on_cookie(b"b=1", tried.scope(SECURE))
    assert (after, judged.decision.enforced, judged.decision.label) == (b"b=1", False, "b")


# The memo


def run(*names_and_tails: bytes) -> SetCookieLines:
    shape: tuple[bytes, ...] = ()
    for name, tail in zip(names_and_tails[::2], names_and_tails[1::2], strict=True):
        shape += (b"\r\nSet-Cookie: ", name + b"=", tail)
    return SetCookieLines(shape, [b"1"] * (len(names_and_tails) // 2))


def unexpected(error: Exception) -> Decision:
    raise AssertionError from error


def test_the_memo_is_bounded_by_scopes_names_and_tails() -> None:
    tried = engine(entries("name: a"))
    for number in range(MAX_SCOPES + 10):
        tried.scope(Exchange(b"h%d" % number))
    assert len(tried._scopes) <= MAX_SCOPES
    scope = tried.scope(SECURE)
    for number in range(MAX_PLANS + 10):
        tried.on_set_cookie(b"a=1; x=%d" % number, scope, clock_at(NOW))
    assert len(scope.plans) <= MAX_PLANS
    tried.on_set_cookie(b"a=1; x=" + b"y" * 600, scope, clock_at(NOW))
    assert not any(len(tail) > 600 for _, _, tail in scope.plans)
    tried.on_cookie(b"n" * 600 + b"=1", scope)
    assert b"n" * 600 not in scope.names
    for number in range(MAX_PLANS):
        tried.on_cookies(b"a=1; x%d=2" % number, scope)
    assert 0 < len(scope.headers) <= MAX_PLANS // SHAPE_WEIGHT
    tried.on_cookies(b"; ".join(b"n%d=1" % n for n in range(400)), scope)
    assert not any(len(shape) > MAX_SHAPE for shape in scope.headers)
    for number in range(MAX_PLANS):
        tried.on_set_cookies(run(b"a", b"; x%d" % number), scope, lambda: clock_at(NOW), unexpected)
    assert 0 < len(scope.runs) <= MAX_PLANS // SHAPE_WEIGHT
    for _ in range(2):
        tried.on_set_cookies(run(*[b"a", b"; " + b"x" * 200] * 6), scope, lambda: clock_at(NOW), unexpected)
    assert not any(sum(map(len, shape)) > MAX_SHAPE for shape in scope.runs)


@pytest.mark.parametrize("tail", [b"; Path=/%d", b"; Expires=Fri, 31 Dec 2027 23:59:%02d GMT; Path=/%d", b"; x=%d"])
def test_a_response_of_many_new_lines_stores_few_plans_and_is_judged_as_each_line(tail: bytes) -> None:
    tried, one = (engine(entries("name: 'n*', lifetime: 1h, path: /x"), Mode.ENFORCE) for _ in range(2))
    scope, other = tried.scope(SECURE), one.scope(SECURE)
    tails = [tail % ((number % 60, number) if tail.count(b"%") > 1 else number) for number in range(80)]
    names = [b"%b%d" % (b"nu"[number % 2 :][:1], number) for number in range(80)]
    for _ in range(3):
        before, head = tried._remembered, run(*(part for both in zip(names, tails, strict=True) for part in both))
        found, decisions = tried.on_set_cookies(head, scope, lambda: clock_at(NOW), unexpected)
        assert tried._remembered - before <= MAX_NEW + 2 + SHAPE_WEIGHT
        lines = [b"%b=1%b" % both for both in zip(names, tails, strict=True)]
        expected = [one.judge_set_cookie(line, other, clock_at(NOW)) for line in lines]
        assert [(d.action, d.reasons, d.label) for d in decisions] == [
            (d.action, d.reasons, d.label) for _, d in expected
        ]
        assert b"".join(found) == b"".join(
            b"\r\nSet-Cookie: " + line for after, decision in expected for line in (decision.supersedes, after) if line
        )
    assert tried.on_set_cookie(b"late=1; y", scope, clock_at(NOW))[0] is None
    assert (b"late", b";", b" y") in scope.plans


def test_the_forms_of_cookie_headers_are_bounded_and_forgotten() -> None:
    tried = engine(entries("name: a"))
    scope = tried.scope(SECURE)
    for number in range(3 * MAX_RECENT):
        for _ in range(OFTEN + 1):
            assert tried.on_cookies(b"a=1; x%d=2; a=3" % number, scope)[0] == b"a=1; a=3"
    assert len(scope.recent) == MAX_RECENT
    many = b"; ".join(b"m%d=1" % number for number in range(MAX_FORM + 1))
    for _ in range(OFTEN + 1):
        tried.on_cookies(many, scope)
        tried.on_cookies(b"=;" * 600 + b"a=1", scope)
    assert all(plan.form is not None and plan.form.groups < 9 for plan in scope.recent)
    assert all(len(key) <= MAX_SHAPE for key in scope.headers)
    assert tried.on_cookies(b"a=1; x0=2; a=3", scope)[0] == b"a=1; a=3" and scope.recent[0].form is not None
    assert scope.recent[0].form.groups == 2
    scope.forget()
    assert scope.recent == []


def test_a_cookie_header_that_a_form_does_not_match_takes_linear_time() -> None:
    tried = engine(entries("name: a"))
    scope = tried.scope(SECURE)
    for _ in range(OFTEN + 1):
        tried.on_cookies(b"; ".join([b"a=1"] * 50), scope)

    def match(count: int) -> None:
        tried.on_cookies(b"; ".join([b"a=" + b"a" * count] * 49) + b"; b", scope)

    assert growth(match, 200) < LINEAR


def test_the_memo_never_holds_a_value() -> None:
    tried = engine(entries("name: a, secure: true, lifetime: 1h"))
    scope = tried.scope(SECURE)
    for line in (
        b"a=CANARY",
        b"a=CANARY; Expires=Tue, 19 Jan 2038 03:14:07 GMT",
        b"b=CANARY",
        b"b=CANARY; Max-Age=0",
        b"CANARY",
        b"a=CANARY\x00",
    ):
        tried.on_set_cookie(line, scope, clock_at(NOW))
        tried.on_cookie(line, scope)
        for header in (line, b"a=CANARY; b=CANARY; ", b"a=1;CANARY; b=2", b"; CANARY"):
            for _ in range(OFTEN + 1):
                tried.on_cookies(header, scope)
    assert scope.recent and all(plan.form and b"CANARY" not in plan.form.pattern for plan in scope.recent)
    assert scope.headers and "CANARY" not in repr((scope.plans, scope.dated, scope.names, scope.headers))


def test_a_date_too_long_for_browsers_is_not_taken_for_the_one_that_it_ends_with() -> None:
    tried = engine(entries("name: a, lifetime: session, http_only: true"))
    long, deletion = (f"a={v}; Expires={'-' * n}Thu, 01 Jan 1970 00:00:00 GMT" for v, n in (("1", 1100), ("", 0)))
    first = judge(tried, long)
    judge(tried, deletion)
    assert judge(tried, long) == first and str(first[0]).endswith("; HttpOnly")


def test_a_date_is_judged_again_at_every_moment() -> None:
    tried = engine(entries("name: a, lifetime: 1h, http_only: true"))
    line = "a=1; Expires=Sun, 09 Sep 2001 02:46:40 GMT"  # NOW + 1 h
    assert judge(tried, line, now=NOW)[0] == line + "; HttpOnly"
    assert judge(tried, line, now=NOW - 10)[0] == "a=1; Expires=Sun, 09 Sep 2001 02:46:30 GMT; HttpOnly"
    assert judge(tried, line, now=NOW - 20)[0] == "a=1; Expires=Sun, 09 Sep 2001 02:46:20 GMT; HttpOnly"
    assert judge(tried, line, now=NOW + 3600)[2] == ["deletion"]
    assert judge(tried, line, now=NOW)[0] == line + "; HttpOnly"
    assert judge(tried, "a=1; Expires=x", now=NOW)[0] == "a=1; HttpOnly"
    assert judge(tried, "a=1; Expires=" + "x" * 1100, now=NOW)[0] == "a=1; HttpOnly"


def test_every_reason_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Reason)
    assert set(Reason) > NOT_VIOLATIONS
    assert set(Reason) > ONLY_REPORTED


PUBLIC = entries("name: a", "name: b, domain: host-only", public_hosts="[shop.example, '*.co.uk']")


@pytest.mark.parametrize(
    ("host", "line", "action"),
    [
        (b"shop.example", b"a=1; Domain=other.example", Action.BLOCK),
        (b"shop.example:8443", b"a=1; Domain=other.example", Action.BLOCK),
        (b"shop.example", b"a=1; Domain=shop.example", Action.PASS),
        (b"shop.example", b"a=1; Domain=example", Action.BLOCK),  # a public suffix
        (b"x.shop.co.uk", b"a=1; Domain=shop.co.uk", Action.PASS),
        (b"x.shop.co.uk", b"a=1; Domain=.co.uk", Action.BLOCK),
        (b"x.shop.co.uk", b"a=1; Domain=", Action.PASS),
        (b"shop.example", b"b=1; Domain=other.example", Action.REWRITE),
        (b"shop.example", b"a=; Domain=other.example; Max-Age=0", Action.PASS),
        (b"internal", b"a=1; Domain=other.example", Action.PASS),
    ],
)
def test_on_public_hosts_what_browsers_refuse_is_blocked(host: bytes, line: bytes, action: Action) -> None:
    (judged,) = engine(PUBLIC).on_response([(b"Set-Cookie", line)], Exchange(host), 0.0).cookies
    decision = judged.decision
    assert decision.action is action
    assert (judged.after is None) == (action is Action.BLOCK)
    if action is Action.BLOCK:
        assert decision.reasons == (Reason.BROWSER_WOULD_REFUSE,)


def test_elsewhere_it_is_only_reported() -> None:
    (judged,) = engine(entries("name: a")).on_response([(b"Set-Cookie", b"a=1; Domain=other.example")], Exchange(b"shop.example"), 0.0).cookies  # fmt: skip
    assert judged.after == judged.before and judged.decision.reasons == (Reason.BROWSER_WOULD_REFUSE,)


TRIED = entries("name: a", "name: sid", *(f"name: '{'p' * length}*zzzz*', secure: true" for length in range(1, 60)))
"""A policy whose globs are all tried for names that begin with many `p` and have the beginning of the text."""


ABOVE_A_LIMIT = pytest.mark.parametrize(
    ("top", "mode", "is_dropped"),
    [("", Mode.ENFORCE, True), ("", Mode.REPORT, False), ("on_error: open\n", Mode.ENFORCE, False)],
)
"""Policies and modes that drop cookies above a limit, or let them pass."""


@ABOVE_A_LIMIT
def test_new_names_after_too_many_tries_are_policy_errors_and_not_remembered(
    top: str, mode: Mode, is_dropped: bool
) -> None:
    tried = engine(TRIED.replace("cookies:", f"{top}cookies:"), mode)
    scope = tried.scope(SECURE)
    hostile = [b"p" * 60 + b"zzz-%d=1" % number for number in range(100)]
    after, decisions = tried.on_cookies(b"; ".join([b"a=1", *hostile, b"ppppzzzz=1"]), scope)
    assert len(decisions) == len(hostile) + 2
    assert decisions[0].action is Action.PASS and decisions[1].reasons == (Reason.UNDECLARED,)
    assert {decision.reasons for decision in decisions[60:-1]} == {(Reason.POLICY_ERROR,)}
    for count, reasons in ((20, ()), (20 + MAX_STEPS_ABOVE // STEPS_OF_NAME, (Reason.POLICY_ERROR,))):
        others = [b"p" * 60 + b"zzz+%d=1" % number for number in range(count)]
        new = engine(TRIED.replace("cookies:", f"{top}cookies:"), mode)
        _, judged = new.on_cookies(b"; ".join([*others, b"sid=1"]), new.scope(SECURE))
        assert judged[-2].reasons == (Reason.POLICY_ERROR,) and judged[-1].reasons == reasons  # an exact name
    assert (b"ppppzzzz=1" in (after or b"")) is not is_dropped
    assert tried.on_cookies(b"ppppzzzz=1", scope)[0] == b"ppppzzzz=1"
    assert tried.on_cookies(b"; ".join([b"a=1", *hostile[:9], b"ppppzzzz=1"]), scope)[1][-1].reasons == ()
    head = run(*(part for line in [*hostile, b"ppppzzzz=1"] for part in (line.partition(b"=")[0], b"; Path=/")))
    parts, lines = tried.on_set_cookies(head, scope, lambda: clock_at(NOW), unexpected)
    assert lines[-1].reasons == (Reason.POLICY_ERROR,) and (b"ppppzzzz=1; Path=/" not in b"".join(parts)) is is_dropped
    assert tried.on_set_cookie(b"ppppzzzz=1; Path=/", scope, clock_at(NOW))[1].reasons == (Reason.SECURE_ADDED,)
    assert all(Reason.POLICY_ERROR not in decision.reasons for decision in scope.names.values())


EDITED = entries("name: 'n*', domain: a.example, path: /x, same_site: None, partitioned: true, secure: true, priority: High, http_only: true, lifetime: 1h")  # fmt: skip
NUMBERED = tuple(
    part
    for number in range(120)
    for part in (b"n%d" % number, b"; Domain=b.a.example; Path=/y; Max-Age=9999; a%d" % number)
)


@ABOVE_A_LIMIT
def test_new_lines_after_too_many_edits_are_policy_errors_and_not_remembered(
    top: str, mode: Mode, is_dropped: bool
) -> None:
    tried = engine(EDITED.replace("cookies:", f"{top}cookies:"), mode)
    scope = tried.scope(SECURE)
    parts, decisions = tried.on_set_cookies(run(*NUMBERED), scope, lambda: clock_at(NOW), unexpected)
    judged = [decision for decision in decisions if Reason.POLICY_ERROR not in decision.reasons]
    steps = [STEPS_OF_LINE + len(d.reasons) + 4 // 3 + STEPS_OF_SUPERSEDING * bool(d.supersedes) for d in judged]
    room = MAX_STEPS_OF_RESPONSE - STEPS_OF_RUN
    assert sum(steps[:-1]) + STEPS_OF_LINE <= room < sum(steps) + STEPS_OF_LINE and len(steps) < 120
    assert {decision.reasons for decision in decisions[len(judged) :]} == {(Reason.POLICY_ERROR,)}
    assert (b"n119=1; Domain=b.a.example" not in b"".join(parts)) is is_dropped
    for _ in range(8):  # the memo takes some lines of each response
        _, decisions = tried.on_set_cookies(run(*NUMBERED), scope, lambda: clock_at(NOW), unexpected)
    assert all(Reason.POLICY_ERROR not in decision.reasons for decision in decisions)


@pytest.mark.parametrize(
    ("policy", "name", "tail", "steps"),
    [
        (entries("name: sid"), b"__n", b"; %d", STEPS_OF_LINE + 1),  # undeclared
        (entries("name: n"), b"n", b"; Max-Age=9; b; %d", STEPS_OF_LINE + 1),  # three attributes
        (entries("name: n, same_site: None, secure: keep"), b"n", b"; %d", STEPS_OF_LINE + 1 + STEPS_OF_REFUSAL),
        (entries("name: n"), b"n", b"; Max-Age=0; %d", STEPS_OF_LINE + 1 + STEPS_OF_DELETION),
        (entries("name: n"), b"n", b"; Expires=" + b"x " * 50 + b"; %d", STEPS_OF_LINE + 2 * steps_of_dates(99)),
        (
            "version: 1\npublic_hosts: [shop.example]\ncookies: [{name: n}]",
            b"n",
            b"; Domain=shop.example; %d",
            STEPS_OF_LINE + STEPS_OF_DOMAIN,
        ),
    ],
)
def test_so_many_new_lines_are_judged(policy: str, name: bytes, tail: bytes, steps: int) -> None:
    tried = engine(policy, Mode.ENFORCE)
    head = run(*(part for number in range(120) for part in (name, tail % number)))
    _, decisions = tried.on_set_cookies(head, tried.scope(SECURE), lambda: clock_at(NOW), unexpected)
    judged = sum(Reason.POLICY_ERROR not in decision.reasons for decision in decisions)
    assert 0 <= judged - (MAX_STEPS_OF_RESPONSE - STEPS_OF_RUN - STEPS_OF_LINE) // steps <= 2


def test_70_new_lines_of_four_edits_are_all_judged() -> None:
    policy = "name: 'n*', path: /x, same_site: None, secure: true, http_only: true, supersede: false"
    tried = engine(entries(policy))
    lines = tuple(
        part
        for number in range(70)
        for part in (b"n%d" % number, b"; Path=/y; Max-Age=9999; Priority=Low; a; e%d" % number)
    )
    _, decisions = tried.on_set_cookies(run(*lines), tried.scope(SECURE), lambda: clock_at(NOW), unexpected)
    assert {len(decision.reasons) for decision in decisions} == {4}


def test_a_name_is_tried_without_a_limit_outside_of_heads() -> None:
    tried = engine(TRIED)
    scope = tried.scope(SECURE)
    for number in range(200):
        assert tried.judge_name(b"p" * 60 + b"zzz-%d" % number, scope).reasons == (Reason.UNDECLARED,)


@pytest.mark.parametrize(
    ("lines", "is_denied"),
    [
        ([b"answer=a; Path=/%d" % number for number in range(MAX_LINES)], False),
        ([b"answer=a; Path=/%d" % number for number in range(MAX_LINES + 1)], True),
        ([b"answer=a;" + b"x" * MAX_ATTRIBUTES], False),
        ([b"answer=a;" + b"x" * (MAX_ATTRIBUTES + 1)], True),
        ([b"answer=b\x01"], False),  # no cookie
        ([b"answer=b"], True),
    ],
)
def test_so_many_lines_of_the_consent_cookie_are_read(lines: list[bytes], is_denied: bool) -> None:
    tried = engine(
        "version: 1\nconsent: {cookie: answer, format: list}\n"
        "categories: {need: {basis: x}, c: {consent: opt-out, granted_by: [a]}}\n"
        "cookies: [{name: answer, category: need}, {name: x, category: c}]"
    )
    scope = tried.scope_of(b"shop.example", b"/", True, tried.answer([b"answer=a"], []))
    after = tried.after_response(scope, lines, lambda: clock_at(NOW))
    assert not scope.denied and bool(after.denied) is is_denied


def test_only_the_exact_name_of_the_consent_cookie_is_an_answer() -> None:
    tried = engine(
        "version: 1\nconsent: {cookie: app, format: list}\ncategories: {need: {basis: x}, c: {consent: required, granted_by: [a]}}\n"
        "cookies: [{name: app, category: need}, {name: 'app_*_*', category: need}, {name: x, category: c}]"
    )
    header = b"; ".join([b"app=a", *(b"app_%d_1=%0100d" % (number, number) for number in range(150))])
    scope = tried.scope_of(b"shop.example", b"/", True, tried.answer([header], []))
    assert tried.on_cookies(header, scope)[0] == header
