"""The forecast: the effect of enforcing the policy on the cookies that were seen."""

import pytest

from cookiewarden.core.engine.decision import Header
from cookiewarden.core.engine.seal import Keyring
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report.forecast import Forecast, Verdict, breaks, forecast
from cookiewarden.core.report.inventory import Record
from cookiewarden.core.report.record import bind
from tests.support.policies import entries
from tests.support.watched import NOW, Watched

POLICY = entries(
    "name: sid, lifetime: 1h, same_site: Lax",
    "name: lax, same_site: {default: Lax}",
    "name: there, scope: {hosts: [there.example]}",
    "name: staged, stage: report, secure: true",
    "name: mine, forward: false",
    "name: insecure, same_site: {default: None}",
    "name: __Host-x",
    "name: late, until: 1970-01-02, owner: me, reason: x",
)


def the(seen: Watched, is_in_force: bool = True) -> Forecast:
    (found,) = forecast(seen.inventory, seen.judged, is_in_force)
    return found


@pytest.mark.parametrize(
    ("line", "verdict", "advice"),
    [
        ("tracker=1", Verdict.BREAKS, "undeclared; add an entry if the application needs it, otherwise it will be blocked"),
        ("tracker=1; Max-Age=0; Path=/x", Verdict.FINE, ""),
        ("sid=; Max-Age=0", Verdict.FINE, ""),
        ("there=1", Verdict.BREAKS, "its entry is for other hosts or paths; widen the scope, otherwise it will be blocked"),
        ("late=1", Verdict.BREAKS, "its entry has ended; set a later date, otherwise it will be blocked"),
        ("__Host-x=1", Verdict.BREAKS, "browsers reject the name without the attributes of its prefix; set them in its entry"),
        ("insecure=1; SameSite=None", Verdict.BREAKS, "browsers reject it without Secure; set secure to true in its entry"),
        ("sid=1; Max-Age=60; SameSite=Lax", Verdict.FINE, ""),
        ("sid=1; Max-Age=7200; SameSite=Lax", Verdict.CHANGES, "lifetime reduced to the policy's maximum"),
        ("sid=1; Max-Age=60", Verdict.CHANGES, "SameSite set"),
        ("staged=1", Verdict.REPORTED, "Secure added; the policy only reports it"),
        ("mine=1", Verdict.FINE, ""),
        ("sid=1\x01", Verdict.FINE, "browsers ignore such a line, so blocking it has no effect"),
        ("sid=" + "x" * 5000 + "; SameSite=Lax", Verdict.FINE, "browsers ignore cookies of more than 4096 bytes, so blocking it has no effect"),
    ],
)  # fmt: skip
def test_cookies_of_the_server(line: str, verdict: Verdict, advice: str) -> None:
    found = the(Watched(POLICY).sets(line, times=3))
    assert (found.verdict, found.advice, found.responses, found.requests) == (verdict, advice, 3, 0)


@pytest.mark.parametrize(
    ("value", "verdict", "advice"),
    [
        (4088, Verdict.CHANGES, "kept by browsers under a new name; the previous cookie in browsers is expired"),
        (4089, Verdict.BREAKS, "with its new name it has more than 4096 bytes; remove rename_to from its entry, otherwise it will be blocked"),
        (4095, Verdict.BREAKS, "with its new name it has more than 4096 bytes; remove rename_to from its entry, otherwise it will be blocked"),
        (4096, Verdict.CHANGES, "kept by browsers under a new name; the previous cookie in browsers is expired"),  # lost with any name
    ],
)  # fmt: skip
def test_a_cookie_that_its_new_name_makes_too_large_is_lost(value: int, verdict: Verdict, advice: str) -> None:
    renaming = entries("name: t, secure: true, rename_to: __Host-t", "name: other")
    seen = Watched(renaming).sets("t=" + "1" * value + "; Path=/; Secure")
    for is_in_force in (True, False):
        found = the(seen, is_in_force)
        assert (found.verdict, found.advice) == (verdict, advice)


@pytest.mark.parametrize(
    ("header", "verdict", "advice"),
    [
        ("tracker=1", Verdict.HIDDEN, "undeclared; add an entry if the application needs it, otherwise it will be stripped from requests"),
        ("there=1", Verdict.HIDDEN, "its entry is for other hosts or paths; widen the scope, otherwise it will be stripped from requests"),
        ("mine=1", Verdict.KEPT, ""),
        ("sid=1", Verdict.FINE, ""),
    ],
)  # fmt: skip
def test_cookies_that_browsers_send(header: str, verdict: Verdict, advice: str) -> None:
    found = the(Watched(POLICY).sends(header, times=2))
    assert (found.verdict, found.requests) == (verdict, 2)
    assert found.advice == advice


def test_the_verdict_is_the_same_whether_the_policy_was_enforced_or_only_reported() -> None:
    for line in ("tracker=1", "sid=1; Max-Age=7200", "staged=1", "there=1"):
        one, other = (the(Watched(POLICY, mode).sets(line)) for mode in Mode)
        assert (one.verdict, one.reasons, one.advice) == (other.verdict, other.reasons, other.advice)


def test_the_worst_comes_first_and_then_what_comes_most() -> None:
    seen = Watched(POLICY).sets("sid=1; SameSite=Lax").sets("rare=1").sets("often=1", times=9).sends("sent=1")
    found = forecast(seen.inventory, seen.judged, True)
    assert [f.name for f in found] == ["often", "rare", "sent", "sid"] and breaks(found)
    fine = Watched(POLICY).sets("sid=1; SameSite=Lax")
    assert not breaks(forecast(fine.inventory, fine.judged, True))


def test_each_row_has_places_first_time_and_last_time() -> None:
    seen = Watched(POLICY).sets("t=1", "shop.example/a?secret").sets("t=1", "other.example/b", at=NOW + 60)
    found = the(seen)
    assert (found.where, found.since, found.last) == (("shop.example/a", "other.example/b"), NOW, NOW + 60)
    for number in range(9):
        seen.sets("t=1", f"h{number}.example/")
    assert the(seen).where[-1] == "…"


def test_a_cookie_seen_at_several_hosts_is_judged_at_each() -> None:
    seen = Watched(POLICY).sets("there=1", "there.example/").sets("there=1", "elsewhere.example/")
    assert (the(seen).verdict, the(seen).entry) == (Verdict.BREAKS, "there")


def test_a_declared_cookie_sent_from_other_sites_is_forecast() -> None:
    seen = Watched(POLICY).sets("lax=1").sends("lax=1", crossed=1)
    assert the(seen).verdict is Verdict.CHANGES and "sent with 1 request from other sites" in the(seen).advice


@pytest.mark.parametrize(
    ("entry", "defaults", "line", "verdict"),
    [
        ("name: t", "{same_site: {default: Lax}}", "t=1", Verdict.BREAKS),
        ("name: t", "{same_site: Strict}", "t=1; SameSite=None; Secure", Verdict.BREAKS),
        ("name: t, same_site: Lax", "{}", "t=1", Verdict.BREAKS),
        ("name: t, same_site: keep", "{same_site: {default: Lax}}", "t=1", Verdict.FINE),
        ("name: t, same_site: None, secure: true", "{same_site: Lax}", "t=1", Verdict.CHANGES),
        ("name: t", "{same_site: {default: Lax}}", "t=1; SameSite=None; Secure", Verdict.FINE),
    ],
)
def test_a_cookie_that_returns_with_a_post_of_another_site_breaks(
    entry: str, defaults: str, line: str, verdict: Verdict
) -> None:
    seen = Watched(entries(entry, defaults=defaults)).sets(line).sends("t=1", times=2, crossed=2, posted=2)
    found = forecast(seen.inventory, seen.judged, True)
    assert found[0].verdict is verdict and breaks(found) is (verdict is Verdict.BREAKS)
    assert found[0].against == (
        ("sent with 2 POSTs from other sites (sign-in, payments)",) if verdict is Verdict.BREAKS else ()
    )


@pytest.mark.parametrize(
    ("entry", "defaults", "line", "advice"),
    [
        ("name: t", "{http_only: true}", "t=1", "HttpOnly added to a cookie without it; state http_only in its entry: true, or keep if scripts use the cookie"),
        ("name: t", "{same_site: Strict}", "t=1", "SameSite=Strict, so links from other sites arrive without the cookie; state same_site in its entry"),
        ("name: t", "{same_site: Strict}", "t=1; SameSite=Lax", "SameSite=Strict, so links from other sites arrive without the cookie; state same_site in its entry"),
        ("name: t", "{domain: host-only}", "t=1; Domain=shop.example", "Domain narrowed by the defaults, so other hosts do not get the cookie; state domain in its entry"),
        ("name: t", "{path: /}", "t=1; Path=/a", "Path changed by the defaults, so other paths may not get the cookie; state path in its entry"),
        ("name: t", "{partitioned: true}", "t=1; Secure", "partition changed by the defaults, so other sites do not share it; state partitioned in its entry"),
    ],
)  # fmt: skip
def test_an_edit_that_can_take_something_away_is_a_verdict(entry: str, defaults: str, line: str, advice: str) -> None:
    seen = Watched(entries(entry, defaults=defaults)).sets(line)
    assert (the(seen).verdict, the(seen).advice) == (Verdict.MAY_BREAK, advice)
    assert breaks([the(seen)])
    key = defaults.strip("{}")
    stated = Watched(entries(f"{entry}, {key}", defaults=defaults)).sets(line)
    assert the(stated).verdict is Verdict.CHANGES


def test_an_edit_has_its_evidence_for_and_against() -> None:
    policy = entries("name: PHPSESSID", "name: csrf_token_1", "name: sid", defaults="{http_only: true}")
    seen = Watched(policy).sets("PHPSESSID=1", times=11).sets("csrf_token_1=1").sets("sid=1; HttpOnly")
    found = {f.name: f for f in forecast(seen.inventory, seen.judged, True)}
    other = "the application sets HttpOnly on 1 other cookie, but not on this one"
    assert found["PHPSESSID"].against == ("set 11 times without HttpOnly", other)
    assert found["PHPSESSID"].in_favour == ("the name is of a session, which scripts rarely read",)
    assert found["csrf_token_1"].against[1:] == ("scripts commonly read this name", other)
    assert found["sid"].verdict is Verdict.FINE


def test_a_cookie_in_frames_of_other_sites_may_break() -> None:
    seen = Watched(entries("name: t", defaults="{same_site: Lax}")).sets("t=1").sends("t=1", crossed=1)
    assert (the(seen).verdict, the(seen).against) == (
        Verdict.MAY_BREAK,
        ("sent with 1 request from other sites (frames, images, scripts)",),
    )


STRICT = "sid=1; Path=/; HttpOnly; Secure; SameSite=Lax"


@pytest.mark.parametrize(
    ("scope", "urls", "verdict"),
    [
        ("hosts: [h0.example, h1.example, h2.example, h3.example, h4.example]", [f"https://h{n}.example/" for n in range(6)], Verdict.BREAKS),
        ("hosts: [h0.example, h1.example]", [f"https://h{n}.example/" for n in range(2)], Verdict.FINE),
        ("paths: [/a]", ["https://h.example/a", "https://h.example/b"], Verdict.BREAKS),
        ("paths: [/app/v2/user]", ["https://h.example/app/v2/user/x"], Verdict.FINE),
    ],
)  # fmt: skip
def test_a_scope_is_judged_by_the_decisions_at_each_place(scope: str, urls: list[str], verdict: Verdict) -> None:
    seen = Watched(entries(f"name: sid, scope: {{{scope}}}"))
    for url in urls:
        seen.exchange(url, STRICT)
    assert the(seen).verdict is verdict


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        ((b"Sec-GPC", b"1"), "passes for visitors whose browser does not send Sec-GPC: 1"),
        ((b"Cookie", b"cc=f"), "passes after the visitor has consented"),
    ],
)
def test_a_refusal_that_only_some_visitors_meet_is_forecast(asked: Header, advice: str) -> None:
    policy = entries(
        "name: cc, category: f",
        "name: sid, category: ads",
        categories="{f: {consent: exempt, basis: x}, ads: {consent: required, gpc: deny}}",
        consent="{cookie: cc, unknown: grant}",
    )
    seen = Watched(policy).exchange("https://h.example/", STRICT)
    assert the(seen).verdict is Verdict.FINE
    seen.exchange("https://h.example/", STRICT, asked=(asked,))
    found = {f.name: f for f in forecast(seen.inventory, seen.judged, True)}["sid"]
    assert (found.verdict, found.advice) == (Verdict.WAITS, advice)


ON_HTTP = "Secure added although browsers seem to use plain HTTP; state secure in its entry: https, or true"


@pytest.mark.parametrize(
    ("entry", "url", "verdict", "advice"),
    [
        ("name: sid", "http://intranet.example/", Verdict.MAY_BREAK, ON_HTTP),
        ("name: sid", "https://intranet.example/", Verdict.CHANGES, "Secure added"),
        ("name: sid", "http://localhost:8080/", Verdict.CHANGES, "Secure added"),
        ("name: sid, secure: https", "http://intranet.example/", Verdict.FINE, ""),
        ("name: sid, secure: true", "http://intranet.example/", Verdict.CHANGES, "Secure added; browsers reject Secure cookies over plain HTTP, which this request seems to use"),
        ("name: sid, secure: https, same_site: None", "http://intranet.example/", Verdict.BREAKS, "browsers reject it without Secure; set secure to true in its entry"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_in_force", [True, False])
def test_secure_takes_cookies_away_on_plain_http(
    entry: str, url: str, verdict: Verdict, advice: str, is_in_force: bool
) -> None:
    seen = Watched(entries(entry, defaults="{secure: true}")).exchange(url, "sid=1; Path=/; HttpOnly; SameSite=Lax")
    found = the(seen, is_in_force)
    assert (found.verdict, found.advice) == (verdict, advice)


def test_a_shorter_life_by_the_defaults_may_break() -> None:
    line = "remember=1; Max-Age=2592000"
    seen = Watched(entries("name: remember", defaults="{lifetime: 1h}")).sets(line)
    assert the(seen).verdict is Verdict.MAY_BREAK and "state lifetime in its entry" in the(seen).advice
    assert the(Watched(entries("name: remember, lifetime: 1h")).sets(line)).verdict is Verdict.CHANGES


def test_a_deletion_takes_nothing_away() -> None:
    seen = Watched(entries("name: t", defaults="{domain: host-only}")).sets("t=; Max-Age=0; Domain=shop.example")
    assert the(seen).verdict is Verdict.FINE


def test_a_cookie_that_waits_for_consent() -> None:
    policy = entries(
        "name: cc, category: f",
        "name: stats, category: a",
        categories="{f: {consent: exempt, basis: x}, a: {consent: required}}",
        consent="{cookie: cc, format: list}",
    )
    found = the(Watched(policy).sets("stats=1"))
    assert (found.verdict, found.advice) == (Verdict.WAITS, "passes after the visitor has consented")


def test_value_dependent_decisions_are_forecast_from_past_ones() -> None:
    policy = entries("name: sid, seal: true, domain: host-only")
    seen = Watched(policy, keyring=Keyring([b"k" * 32], lambda: b"n" * 12)).sends("sid=plain")
    assert the(seen).verdict is Verdict.HIDDEN and "not sealed with these keys" in the(seen).advice
    assert the(seen, is_in_force=False).verdict is Verdict.FINE


@pytest.mark.parametrize(
    ("seal", "verdict", "advice"),
    [
        ("true", Verdict.BREAKS, "sealed values have more than 4096 bytes; set seal: {too_large: pass} in its entry to send them unsealed, otherwise they will be blocked"),
        ("{too_large: pass}", Verdict.CHANGES, "value encrypted, so scripts cannot read it"),
    ],
)  # fmt: skip
def test_a_value_that_is_too_large_to_be_sealed_is_forecast(seal: str, verdict: Verdict, advice: str) -> None:
    keyring = Keyring([b"k" * 32], lambda: b"n" * 12)
    seen = Watched(entries(f"name: sid, seal: {seal}"), keyring=keyring).sets("sid=" + "x" * 3500)
    assert (the(seen, False).verdict, the(seen, False).advice) == (verdict, advice)
    in_force = the(seen)
    assert in_force.verdict is verdict and ("pass unsealed" in in_force.advice) is (seal != "true")
    seen = Watched(entries(f"name: sid, seal: {seal}"), keyring=keyring).sets("sid=" + "x" * 200)
    assert the(seen).verdict is Verdict.CHANGES


@pytest.mark.parametrize(
    ("line", "url", "is_refused"),
    [
        ("mine=1; Domain=github.io", "me.github.io/", True),
        ("mine=1; Domain=me.github.io", "me.github.io/", False),
        ("mine=1; Domain=co.uk", "shop.co.uk/", True),
        ("mine=1; Domain=other.example", "shop.example/", True),
    ],
)
def test_a_domain_that_browsers_refuse_is_forecast(line: str, url: str, is_refused: bool) -> None:
    found = the(Watched(POLICY).sets(line, url))
    told = "browsers refuse it because of its Domain, with or without the proxy"
    assert (found.verdict, found.advice) == (Verdict.FINE, told if is_refused else "")


def test_a_rewritten_cookie_that_browsers_refuse_is_forecast() -> None:
    found = the(Watched(entries("name: t, secure: true")).sets("t=1; Domain=github.io", "me.github.io/"))
    assert found.advice == "browsers refuse it because of its Domain, with or without the proxy; Secure added"


def test_a_cookie_that_only_the_proxy_changed_is_fine() -> None:
    seen = Watched(POLICY)
    seen.inventory.records["x"] = Record("x")
    assert the(seen).verdict is Verdict.FINE and the(seen).where == ()


def test_an_undeclared_cookie_of_a_script_is_hidden() -> None:
    assert the(Watched(POLICY).scripts("fromscript")).verdict is Verdict.HIDDEN


def test_a_line_that_is_not_renewed_is_fine() -> None:
    seen = Watched(entries("name: v, renew: false"), Mode.ENFORCE)
    seen.exchange("https://shop.example/", "v=1; Path=/", asked=((b"Cookie", b"v=1"),))
    assert (the(seen).verdict, the(seen).advice) == (
        Verdict.FINE,
        "the browser holds it with this value, and its first end stands",
    )


def test_a_sealed_value_after_its_end_is_kept_by_its_entry() -> None:
    keyring = Keyring([b"k" * 32], lambda: b"n" * 12)
    old = keyring.seal(b"1", b"v", b"policy p", 1)
    seen = Watched(entries("name: v, renew: false, seal: true, lifetime: 1h"), Mode.ENFORCE, keyring)
    seen.exchange("https://shop.example/", asked=((b"Cookie", b"v=" + old),))
    assert the(seen).verdict is Verdict.KEPT and "older than its entry allows" in the(seen).advice


def visited(policy: str, *values: str) -> Watched:
    """Return visits of one browser, in which the application sets a cookie with one value after the other."""
    seen = Watched(policy, Mode.ENFORCE)
    held: tuple[Header, ...] = ()
    for value in values:
        seen.exchange("https://shop.example/", f"v={value}; Path=/; Max-Age=60", asked=held)
        held = ((b"Cookie", b"v=" + value.encode()),)
    return seen


def test_a_value_that_changes_at_each_visit_is_listed_where_it_breaks_the_promise() -> None:
    told = "its value changed at each of 2 visits, so each visit begins a new life"
    for rule, values, advice in (
        (", renew: false", "123", told),
        (", renew: false", "12", ""),  # one visit shows nothing
        (", renew: false", "122", "the browser holds it with this value, and its first end stands"),
        ("", "123", ""),
    ):
        assert the(visited(entries(f"name: v{rule}"), *values)).advice == advice


BOUND = entries("name: v", defaults="{secure: true, same_site: {default: Lax}}")


def test_an_edit_of_a_device_bound_cookie_breaks_its_session() -> None:
    seen = Watched(BOUND, Mode.ENFORCE).exchange("https://shop.example/", "v=1; Path=/")
    assert the(seen).verdict is Verdict.CHANGES
    bind(seen.inventory, [b"v", b"unseen"])
    found = the(seen)
    assert found.verdict is Verdict.BREAKS
    assert "keep secure, same_site, and add device_bound: true to its entry" in found.advice
    seen = Watched(BOUND, Mode.ENFORCE).exchange("https://shop.example/", "v=1; Path=/; Secure; SameSite=Lax")
    bind(seen.inventory, [b"v"])
    assert the(seen).verdict is Verdict.FINE
