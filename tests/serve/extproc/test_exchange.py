"""The answers to Envoy change the Cookie field and the Set-Cookie fields by the policy."""

import contextlib
import json
import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cookiewarden import keys
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.address import Address
from cookiewarden.serve.extproc.mutations import MAX_FIELDS, MAX_VALUE, UNSEEN_FIELDS
from cookiewarden.serve.wire.http2 import Http2Code, reset
from cookiewarden.serve.wire.protobuf import field, number_field
from tests.support import exchanges, policies
from tests.support.calls import CALL, Peer, Reply, asks_request, asks_response, set_cookies
from tests.support.process import free_port, start_process
from tests.support.process import ready as is_ready
from tests.support.proxy import POLICY, Proxy, starter
from tests.support.wait import PATIENCE, eventually

ANY = Address("127.0.0.1", 0)
ID = b"sid=CANARY"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator:
    """Return a function that starts a processor with a policy, and connects to it."""
    with starter(tmp_path) as start, contextlib.ExitStack() as ends:

        def serve(policy: str = POLICY, **settings) -> tuple[Proxy, Peer]:
            proxy, _ = start(policy=policy, upstream=None, extproc=ANY, **settings)
            peer = Peer(proxy.port)
            ends.callback(peer.close)
            return proxy, peer

        yield serve


def exchange(peer: Peer, request: bytes, response: bytes) -> tuple[Reply, Reply]:
    call = peer.begin()
    return peer.ask(call, request), peer.ask(call, response)


def test_heads_without_a_change_get_an_empty_answer(serve) -> None:
    _, peer = serve()
    asked, answered = exchange(
        peer,
        asks_request((b"cookie", ID)),
        asks_response((b"content-type", b"text/html"), *set_cookies(ID + b"; Max-Age=60; Secure")),
    )
    assert asked.is_empty and answered.is_empty
    assert (asked.part, answered.part, asked.metadata, answered.metadata) == (1, 2, b"", b"")


def test_set_cookie_fields_are_replaced_as_a_whole_and_in_order(serve) -> None:
    _, peer = serve()
    lines = [b"rogue=CANARY", ID + b"; Max-Age=99999999", b"sid=two; Secure; Max-Age=5", b"other=1"]
    _, answered = exchange(peer, asks_request(), asks_response(*set_cookies(*lines)))
    assert answered.removes == [b"set-cookie"]
    assert answered.sets == [
        (b"set-cookie", b"sid=CANARY; Max-Age=3600; Secure"),
        (b"set-cookie", b"sid=two; Secure; Max-Age=5"),
    ]
    assert answered.appends == [True, True]


@pytest.mark.parametrize(
    ("cookies", "sets", "removes"),
    [
        ([b"sid=CANARY; rogue=CANARY"], [(b"cookie", b"sid=CANARY")], []),
        ([b"rogue=CANARY"], [], [b"cookie"]),
        ([b"sid=CANARY", b"seen=CANARY"], [(b"cookie", b"sid=CANARY")], []),
        ([b"sid=CANARY", b"sid=CANARY2"], [(b"cookie", b"sid=CANARY; sid=CANARY2")], []),
        ([], [], []),
    ],
)
def test_the_cookie_field_is_overwritten_or_removed(serve, cookies: list[bytes], sets, removes) -> None:
    _, peer = serve()
    asked = peer.ask(peer.begin(), asks_request(*[(b"cookie", value) for value in cookies]))
    assert (asked.sets, asked.removes) == (sets, removes)
    assert asked.appends == [False] * len(sets)


@pytest.mark.parametrize(
    ("fields", "pseudo", "secure"),
    [
        ([], {"scheme": b"https"}, True),
        ([], {"scheme": b"http"}, False),
        ([(b"x-forwarded-proto", b"https")], {"scheme": b"http"}, True),
        ([(b"x-forwarded-proto", b"http")], {"scheme": b"https"}, False),
        ([(b"x-forwarded-proto", b"gopher")], {"scheme": b"https"}, True),
        ([(b"x-forwarded-proto", b"HTTPS, http")], {"scheme": b"http"}, True),
    ],
)
def test_the_scheme_is_of_x_forwarded_proto_and_else_of_the_request(serve, fields, pseudo, secure: bool) -> None:
    _, peer = serve("version: 1\npolicy: p\ncookies: [{name: sid, secure: https}]\n")
    _, answered = exchange(peer, asks_request(*fields, **pseudo), asks_response(*set_cookies(b"sid=1; Path=/")))
    assert answered.sets == ([(b"set-cookie", b"sid=1; Path=/; Secure")] if secure else [])


def test_host_and_path_are_of_the_pseudo_fields(serve) -> None:
    policy = "version: 1\npolicy: p\ncookies: [{name: sid, scope: {hosts: [shop.example], paths: [/n]}}]\n"
    _, peer = serve(policy)
    for pseudo, passes in (
        ({"path": b"/n/1?x=1"}, True),
        ({"path": b"/m"}, False),
        ({"path": b"/n", "authority": b"other.example"}, False),
        ({"path": b"/n", "authority": b"SHOP.example:8443"}, True),
    ):
        _, answered = exchange(peer, asks_request(**pseudo), asks_response(*set_cookies(b"sid=1")))
        assert answered.is_empty is passes, pseudo


def test_in_report_mode_nothing_changes_and_violations_are_counted(serve) -> None:
    proxy, peer = serve(mode=Mode.REPORT)
    asked, answered = exchange(
        peer, asks_request((b"cookie", b"rogue=CANARY")), asks_response(*set_cookies(b"rogue=CANARY"))
    )
    assert asked.is_empty and answered.is_empty
    assert b"__undeclared__ report undeclared" in asked.metadata
    for direction in ("request", "response"):
        labels = {"direction": direction, "cookie": "__undeclared__", "action": "report"}
        assert proxy.sample("cookiewarden_cookies_total", **labels) == 1


def test_metadata_names_entries_and_reasons_and_no_value(serve) -> None:
    _, peer = serve()
    asked, answered = exchange(
        peer,
        asks_request((b"cookie", b"rogue=CANARY; seen=CANARY")),
        asks_response(*set_cookies(ID, b"rogue=CANARY")),
    )
    assert b"__undeclared__ strip undeclared; seen strip not-forwarded" in asked.metadata
    assert b"sid rewrite secure-added" in answered.metadata and b"__undeclared__ block undeclared" in answered.metadata
    assert b"CANARY" not in asked.metadata + answered.metadata and b"rogue" not in asked.metadata


def test_observed_heads_are_judged_and_counted_without_an_answer(serve) -> None:
    proxy, peer = serve()
    call = peer.begin()
    peer.send(call, asks_request((b"cookie", b"rogue=1"), observed=True))
    peer.send(call, asks_response(*set_cookies(b"rogue=1"), observed=True), end=True)
    assert peer.end(call) == {":status": "200", "content-type": "application/grpc", "grpc-status": "0"}
    assert peer.messages == {}
    assert (
        proxy.sample("cookiewarden_cookies_total", direction="response", cookie="__undeclared__", action="block") == 1
    )
    assert proxy.sample("cookiewarden_requests_total", method="GET", code_class="2xx") == 1


@pytest.mark.parametrize("on_error", ["closed", "open"])
def test_a_response_without_its_request_is_judged_without_a_host(serve, on_error: str) -> None:
    """Filters of Envoy, for example of oauth2, answer before Envoy asks about the request."""
    policy = "cookies: [{name: sid, secure: true}, {name: here, scope: {hosts: [shop.example]}}]\n"
    _, peer = serve(f"version: 1\npolicy: p\non_error: {on_error}\n{policy}")
    call = peer.begin()
    assert peer.ask(call, asks_response()).is_empty
    call = peer.begin()
    answered = peer.ask(call, asks_response(*set_cookies(b"rogue=1", b"sid=1; Domain=shop.example", b"here=1")))
    assert answered.removes == [b"set-cookie"]
    assert answered.sets == [(b"set-cookie", b"sid=1; Domain=shop.example; Secure")]


def test_consent_seal_rename_and_eviction_work_as_in_the_sidecar(serve, tmp_path: Path) -> None:
    key = tmp_path / "key"
    keys.create(key)
    _, peer = serve(
        """
version: 1
policy: p
undeclared: {evict: host}
consent: {cookie: pref}
categories: {f: {basis: x}, m: {consent: required}}
cookies:
  - {name: pref, category: f}
  - {name: ads, category: m}
  - {name: held, category: f, seal: true}
  - {name: old, category: f, rename_to: __Host-new}
""",
        seal_key_file=str(key),
    )
    page = (b"content-type", b"text/html")
    navigates = (b"sec-fetch-dest", b"document")
    asked, answered = exchange(
        peer,
        asks_request((b"cookie", b"rogue=1; ads=1"), navigates),
        asks_response(page, (b"cache-control", b"no-store"), *set_cookies(b"ads=2", b"held=CANARY", b"old=1")),
    )
    assert asked.removes == [b"cookie"]
    lines = [line for _, line in answered.sets]
    assert lines[0].startswith(b"rogue=; ") and lines[1].startswith(b"ads=; "), "expiring lines come first"
    sealed = next(line for line in lines if line.startswith(b"held="))
    assert b"CANARY" not in sealed
    assert any(line.startswith(b"__Host-new=1") for line in lines) and not any(b"ads=2" in line for line in lines)
    back = sealed.partition(b";")[0] + b"; __Host-new=1; ads=1; pref=m"
    asked = peer.ask(peer.begin(), asks_request((b"cookie", back)))
    assert asked.sets == [(b"cookie", b"held=CANARY; old=1; ads=1; pref=m")]


def test_every_exchange_has_the_bytes_of_the_engine(serve) -> None:
    _, peer = serve(exchanges.POLICY)
    engine = policies.engine(exchanges.POLICY)
    differ = []
    for index, (request, response) in enumerate(exchanges.exchanges()):
        fields = [
            (name.lower().encode(), value.strip().encode("latin-1"))
            for name, _, value in (line.partition(":") for line in request)
        ]
        lines = [(b"set-cookie", line.encode("latin-1")) for line in response]
        others = [(b"content-type", b"text/html")]
        path = b"/n/%d" % index
        of = Exchange(b"shop.example", path, True, fields, b"GET")
        before, now = 0.0, 1.0
        while int(before) != int(now):  # a bounded Expires has whole seconds
            before = time.time()
            got = exchange(peer, asks_request(*fields, path=path), asks_response(*others, *lines))
            now = time.time()
        wanted_request = [f for f in engine.on_request(fields, of, now).headers if f[0] == b"cookie"]
        wanted = [
            line
            for name, line in engine.on_response([*others, *lines], of, now).headers
            if name.lower() == b"set-cookie"
        ]
        sent = [line for _, line in got[1].sets] if not got[1].is_empty else [line for _, line in lines]
        kept = got[0].sets if not got[0].is_empty else [f for f in fields if f[0] == b"cookie"]
        if (kept, sent) != (wanted_request, wanted):
            differ.append((index, kept, wanted_request, sent, wanted))
    assert differ == []


@pytest.mark.parametrize("value", [b"a\x01b", b"\x7f", b"a\tb", bytes(range(0x80, 0x100))])
def test_odd_octets_in_a_value_are_judged_each_time(serve, value: bytes) -> None:
    _, peer = serve()
    engine = policies.engine(POLICY)
    plain = asks_response(*set_cookies(b"sid=1; Secure; Max-Age=5"))
    assert exchange(peer, asks_request(), plain)[1].is_empty  # a plan for this tail exists
    line = b"sid=" + value + b"; Secure; Max-Age=5"
    _, answered = exchange(peer, asks_request(), asks_response(*set_cookies(line)))
    after, _ = engine.on_set_cookie(line, engine.scope(Exchange()), clock_at(time.time()))
    assert (line if answered.is_empty else b"".join(v for _, v in answered.sets) or None) == after


@pytest.mark.parametrize("field", [(b"cookie", b"sid=1\r\nx: y"), (b"x\n", b"1"), (b"accept", b"a\0")])
def test_a_head_with_a_line_break_fails_the_call(serve, field: tuple[bytes, bytes]) -> None:
    _, peer = serve()
    call = peer.begin()
    peer.send(call, asks_request(field))
    assert peer.end(call)["grpc-status"] == "3"


def test_too_many_cookies_or_octets_get_431(serve) -> None:
    proxy, peer = serve(max_cookies=3, max_head=2000)
    for value in (b"a=1; b=1; c=1; d=1", b"a=" + b"x" * 2000):
        asked = peer.ask(peer.begin(), asks_request((b"cookie", value)))
        assert asked.status == 431
    assert proxy.sample("cookiewarden_client_errors_total", reason="head_too_large") == 2


def test_the_statement_and_the_guard_are_immediate_responses(serve) -> None:
    proxy, peer = serve(POLICY + "inject_guard: true\nstatement: {path: /cookies}\n")
    asked, answered = exchange(peer, asks_request(path=b"/cookies"), asks_response())
    assert asked.status == 200 and b"<!DOCTYPE html>" in asked.body.replace(b"doctype", b"DOCTYPE")
    assert dict(asked.sets)[b"content-type"] == b"text/html; charset=utf-8"
    assert answered.is_empty
    asked = peer.ask(peer.begin(), asks_request(path=b"/.well-known/cookiewarden/guard.js"))
    assert asked.status == 200 and b"document.cookie" in asked.body.replace(b'"cookie"', b"document.cookie")
    report = asks_request(
        (b"referer", b"https://shop.example/cart"), path=b"/.well-known/cookiewarden/report?rogue", method=b"POST"
    )
    reported = peer.ask(peer.begin(), report)
    assert reported.status == 204 and reported.sets == []
    assert proxy.sample("cookiewarden_cookies_total", direction="script", cookie="__undeclared__", action="block") == 1
    assert proxy.sample("cookiewarden_requests_total", method="GET", code_class="2xx") == 2


GPC = "version: 1\ncategories: {ads: {consent: opt-out, gpc: deny}}\ncookies: [{name: banner, category: ads}]\n"


def test_the_resource_of_global_privacy_control_replaces_only_a_404(serve) -> None:
    proxy, peer = serve(GPC)
    for status, is_replaced in ((b"404", True), (b"200", False), (b"403", False)):
        _, answered = exchange(peer, asks_request(path=b"/.well-known/gpc.json"), asks_response(status=status))
        assert answered.is_empty != is_replaced
        if is_replaced:
            assert answered.status == 200 and json.loads(answered.body) == {"gpc": True}
            assert dict(answered.sets)[b"content-type"] == b"application/json"
    call = peer.begin()
    peer.send(call, asks_request(path=b"/.well-known/gpc.json", observed=True))
    peer.send(call, asks_response(status=b"404", observed=True), end=True)
    peer.end(call)
    assert proxy.sample("cookiewarden_requests_total", method="GET", code_class="2xx") == 2
    assert proxy.sample("cookiewarden_requests_total", method="GET", code_class="4xx") == 2


@pytest.mark.parametrize("phase", [4, 5, 6, 7])
def test_bodies_and_trailers_pass_unless_envoy_takes_them_from_the_answer(serve, phase: int) -> None:
    _, peer = serve()
    call = peer.begin()
    peer.ask(call, asks_request())
    assert peer.ask(call, field(phase, b"")).part == phase - 1
    call = peer.begin()
    peer.ask(call, asks_request() + field(11, number_field(2, 4)))  # Envoy states the modes in its first message
    peer.send(call, field(phase, b""))
    assert peer.end(call)["grpc-status"] == "12"


def test_pages_of_the_proxy_are_not_answered_to_observed_requests(serve) -> None:
    proxy, peer = serve(POLICY + "inject_guard: true\nstatement: {path: /cookies}\n")
    for path in (b"/cookies", b"/.well-known/cookiewarden/guard.js"):
        call = peer.begin()
        peer.send(call, asks_request(path=path, observed=True))
        peer.send(call, asks_response(*set_cookies(b"rogue=1"), observed=True), end=True)
        peer.end(call)
    assert (
        proxy.sample("cookiewarden_cookies_total", cookie="__undeclared__", direction="response", action="block") == 2
    )


def test_requests_without_a_question_about_the_response_are_counted(serve) -> None:
    proxy, peer = serve()
    call = peer.begin()
    peer.ask(call, asks_request())
    assert proxy.sample("cookiewarden_requests_in_flight") == 1
    assert eventually(lambda: proxy.sample("cookiewarden_envoy_calls") == 1)
    peer.write(reset(call, Http2Code.CANCEL))
    assert eventually(lambda: proxy.sample("cookiewarden_envoy_unanswered_total") == 1)
    assert proxy.sample("cookiewarden_requests_in_flight") == 0
    assert proxy.sample("cookiewarden_envoy_call_resets_total") == 1


def test_lines_beyond_the_limits_of_envoy_are_left_out_evictions_first(serve) -> None:
    proxy, peer = serve("version: 1\npolicy: p\nundeclared: {evict: host}\ncookies: [{name: 's*', secure: true}]\n")
    held = b"; ".join(b"rogue%d=1" % number for number in range(20))
    lines = [b"s%d=1" % number for number in range(MAX_FIELDS - UNSEEN_FIELDS)]
    _, answered = exchange(
        peer,
        asks_request((b"cookie", held), (b"sec-fetch-dest", b"document")),
        asks_response((b"content-type", b"text/html"), (b"cache-control", b"no-store"), *set_cookies(*lines)),
    )
    kept = [line for _, line in answered.sets]
    assert [line for line in kept if line.startswith(b"s")] == [line + b"; Secure" for line in lines]
    left_out = proxy.sample("cookiewarden_envoy_lines_left_out_total")
    assert left_out > 0 and len(kept) + 3 <= MAX_FIELDS


def test_a_value_longer_than_envoy_takes_is_left_out(serve) -> None:
    proxy, peer = serve(max_head=1 << 20)
    long = b"sid=1; Secure; Max-Age=5; X=" + b"x" * MAX_VALUE
    _, answered = exchange(peer, asks_request(), asks_response(*set_cookies(long, b"sid=2")))
    assert [line for _, line in answered.sets] == [b"sid=2; Secure"]
    assert proxy.sample("cookiewarden_envoy_lines_left_out_total") == 1


def test_a_call_of_one_policy_ends_with_it_after_a_reload(serve) -> None:
    proxy, peer = serve()
    call = peer.begin()
    peer.ask(call, asks_request((b"cookie", b"sid=1")))
    proxy.policy.write_text("version: 1\npolicy: other\ncookies: [{name: rogue}]\n")
    proxy.reload()
    answered = peer.ask(call, asks_response(*set_cookies(b"sid=1; Secure", b"rogue=1")))
    assert [line for _, line in answered.sets] == [b"sid=1; Secure"]
    _, answered = exchange(peer, asks_request(), asks_response(*set_cookies(b"sid=1; Secure", b"rogue=1")))
    assert [line for _, line in answered.sets] == [b"rogue=1"]


def test_the_inventory_and_the_shadow_policy_see_the_cookies(serve, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow.yaml"
    shadow.write_text("version: 1\npolicy: s\ncookies: []\n")
    proxy, peer = serve(shadow=str(shadow))
    assert eventually(lambda: proxy.sample("cookiewarden_shadow_policy_info", policy="s", sha256=_sha(proxy)) == 1)
    exchange(peer, asks_request((b"cookie", b"sid=1; odd=1")), asks_response(*set_cookies(b"sid=1; Secure")))
    with urllib.request.urlopen(f"{proxy.admin}/inventory") as answer:
        assert b'"odd"' in answer.read()
    assert (
        proxy.sample("cookiewarden_shadow_cookies_total", direction="response", cookie="__undeclared__", action="block")
        == 1
    )


def _sha(proxy: Proxy) -> str:
    found = re.search(r'cookiewarden_shadow_policy_info\{policy="s",sha256="([0-9a-f]+)"\}', proxy.scrape())
    return found[1] if found else ""


# Several applications

SHOP = "version: 1\npolicy: shop\ncookies: [{name: cart, secure: true}]\n"
JOBS = "version: 1\npolicy: jobs\ncookies: [{name: job, secure: true}]\nstatement: {path: /jobs-cookies}\n"


@pytest.fixture
def serve_named(serve, tmp_path: Path):
    """Return a function that starts a processor with two further policies, and calls it with the name of a policy."""
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "jobs.yaml").write_text(JOBS)

    def serve_named(policy: str = POLICY, **settings) -> tuple[Proxy, Peer]:
        return serve(
            policy,
            extproc_policy=(("shop", str(tmp_path / "shop.yaml")), ("jobs", str(tmp_path / "jobs.yaml"))),
            extproc_host=(("jobs.example", "jobs"), ("*.shop.example", "shop")),
            **settings,
        )

    return serve_named


def passing(peer: Peer, name: str = "", host: bytes = b"other.example") -> set[bytes]:
    """Return the names of the cookies that pass for a call with a name and a host."""
    call = peer.begin([*CALL, ("cookiewarden-policy", name)] if name else CALL)
    lines = set_cookies(b"sid=1; Secure", b"cart=1; Secure", b"job=1; Secure")
    peer.ask(call, asks_request(authority=host))
    answered = peer.ask(call, asks_response(*lines))
    sent = lines if answered.is_empty else answered.sets
    return {line.partition(b"=")[0] for _, line in sent}


@pytest.mark.parametrize(
    ("name", "host", "passes"),
    [
        ("", b"other.example", {b"sid"}),
        ("shop", b"other.example", {b"cart"}),
        ("jobs", b"other.example", {b"job"}),
        ("", b"jobs.example", {b"job"}),
        ("", b"JOBS.example:8443", {b"job"}),
        ("", b"a.jobs.example", {b"sid"}),
        ("", b"a.b.shop.example", {b"cart"}),
        ("", b"shop.example", {b"sid"}),
        ("shop", b"jobs.example", {b"cart"}),
        ("unknown", b"jobs.example", set()),
    ],
)
def test_a_call_gets_the_policy_of_its_name_or_else_of_its_host(serve_named, name: str, host: bytes, passes) -> None:
    _, peer = serve_named()
    assert passing(peer, name, host) == passes


def test_an_unknown_name_follows_on_error(serve_named) -> None:
    _, peer = serve_named(POLICY + "on_error: open\n")
    assert passing(peer, "unknown") == {b"sid", b"cart", b"job"}


def test_own_pages_are_of_the_selected_policy(serve_named) -> None:
    _, peer = serve_named()
    for host, status in ((b"jobs.example", 200), (b"other.example", 0)):
        assert peer.ask(peer.begin(), asks_request(path=b"/jobs-cookies", authority=host)).status == status


def test_policies_reload_together_or_not_at_all(serve_named, tmp_path: Path) -> None:
    proxy, peer = serve_named()
    infos = {
        line.split('policy="')[1].split('"')[0]
        for line in proxy.scrape().splitlines()
        if line.startswith("cookiewarden_policy_info{")
    }
    assert infos == {"test", "shop", "jobs"}
    (tmp_path / "shop.yaml").write_text(SHOP.replace("cart", "job"))
    (tmp_path / "jobs.yaml").write_text("version: 1\npolicy: [\n")
    proxy.reload()
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 0
    assert passing(peer, "shop") == {b"cart"}
    (tmp_path / "jobs.yaml").write_text(JOBS.replace("name: job", "name: cart"))
    proxy.reload()
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 1
    assert (passing(peer, "shop"), passing(peer, "jobs")) == ({b"job"}, {b"cart"})


def test_the_emergency_switch_is_of_all_policies(serve_named) -> None:
    proxy, peer = serve_named()
    proxy.loop.call_soon_threadsafe(proxy.plane.reloader.turn_mode, Mode.REPORT, 60.0)
    assert eventually(lambda: len(passing(peer, "shop")) == len(passing(peer)) == 3)


def test_workers_serve_every_policy(serve_named, tmp_path: Path) -> None:
    """Workers are processes, so this starts some."""
    proxy, _ = serve_named()
    port, admin = free_port(), free_port()
    arguments = (
        "--extproc",
        str(port),
        "--admin",
        str(admin),
        "--workers",
        "2",
        "--extproc-policy",
        f"shop={tmp_path / 'shop.yaml'}",
    )
    with (tmp_path / "log").open("w") as log:
        process = start_process("run", "--policy", str(proxy.policy), *arguments, output=log)
    try:
        assert eventually(lambda: is_ready(admin) == 200)
        with contextlib.closing(Peer(port)) as peer:
            assert (passing(peer), passing(peer, "shop")) == ({b"sid"}, {b"cart"})
            (tmp_path / "shop.yaml").write_text(SHOP.replace("cart", "job"))
            process.send_signal(signal.SIGHUP)
            assert eventually(lambda: passing(peer, "shop") == {b"job"})
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_metrics_count_the_cookies_of_every_policy(serve_named) -> None:
    proxy, peer = serve_named()
    passing(peer, "shop")
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="cart", action="pass") == 1
