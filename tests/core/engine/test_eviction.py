"""Eviction: the cookies that are expired, their places, and the responses that expire them."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import CONTROL, is_deletion, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.cookies.scope import path_match, path_of
from cookiewarden.core.cookies.suffix import MAX_LABELS, registrable_parents
from cookiewarden.core.engine.decision import Action, Exchange, Header
from cookiewarden.core.engine.effort import MAX_STEPS_OF_RESPONSE, STEPS_OF_EVICTION, STEPS_OF_NAME, of_response
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.eviction import (
    HOST_ONLY,
    MAX_DIRECTORIES,
    MAX_LINES,
    MAX_NAME,
    expiring_lines,
    gets_a_page,
    is_navigation,
    is_page,
    paths_of,
)
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import policy

NOW = 1_000_000_000
POLICY = """
version: 1
consent: {cookie: answer, format: list}
undeclared: {evict: host}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional, set_by: both}
  - {name: sid, category: functional}
  - {name: hidden, category: functional, forward: false}
  - {name: elsewhere, category: functional, scope: {hosts: [other.example]}}
  - {name: visits, category: analytics}
  - {name: trial, category: analytics, stage: report}
  - {name: lb, set_by: infrastructure}
"""
DOCUMENT: list[Header] = [(b"Sec-Fetch-Dest", b"document"), (b"Sec-Fetch-Mode", b"navigate")]
PAGE: list[Header] = [(b"Content-Type", b"text/html; charset=utf-8")]


def evicted(
    engine: Engine,
    cookies: bytes,
    page: list[Header] = PAGE,
    request: list[Header] = DOCUMENT,
    host: bytes = b"www.shop.example",
    target: bytes = b"/",
    now: float = NOW,
    https: bool = False,
) -> list[bytes]:
    headers = [*request, (b"Cookie", cookies)]
    outcome = engine.on_response(page, Exchange(host, target, https, headers), now)
    assert outcome.headers[len(outcome.headers) - len(page) :] == page
    assert all(judged.decision.action is Action.EVICT for judged in outcome.cookies)
    return [value for _, value in outcome.headers[: -len(page)]]


@pytest.mark.parametrize(
    ("cookie", "gone"),
    [
        ("other=1", ["other=; Path=/; Max-Age=0"]),
        ("other=1; other=2", ["other=; Path=/; Max-Age=0"]),
        ("__Host-x=1", ["__Host-x=; Path=/; Max-Age=0; Secure"]),
        ("__host-http-x=1", ["__host-http-x=; Path=/; Max-Age=0; Secure; HttpOnly"]),
        ("sid=1; answer=; hidden=1; lb=1; trial=1", []),
        ("elsewhere=1", []),  # another host's cookie, which browsers may send here
        ("=1; 2; ", ["deleted; Path=/; Max-Age=0"]),
        (";; ; ", []),
        (
            "visits=1",
            [
                "visits=; Path=/; Max-Age=0",
                "visits=; Path=/; Domain=www.shop.example; Max-Age=0",
                "visits=; Path=/; Domain=shop.example; Max-Age=0",
            ],
        ),
        ("answer=analytics; visits=1", []),
        ("n" * 600 + "=1", []),
    ],
)
def test_only_cookies_that_browsers_may_not_hold_are_expired(cookie: str, gone: list[str]) -> None:
    assert evicted(Engine(policy(POLICY)), cookie.encode()) == [line.encode() for line in gone]


DOMAINS = [
    ("evict: host", b"www.shop.example", [b""]),
    ("evict: domain", b"a.www.shop.co.uk", [b"", b"a.www.shop.co.uk", b"www.shop.co.uk", b"shop.co.uk"]),
    ("evict: domain", b"me.github.io", [b"", b"me.github.io"]),
    ("evict: domain", b"localhost:8080", [b""]),
    ("evict: domain", b"127.0.0.1:8080", [b""]),
    ("evict: domain", b"[::1]:8080", [b""]),
    ("evict: domain, evict_domains: [shop.example]", b"www.shop.example", [b"", b"shop.example"]),
    ("evict: domain, evict_domains: [.shop.example]", b"shop.example.", [b""]),
    ("evict: domain, evict_domains: [example]", b"www.shop.example", [b""]),
    ("evict: domain", b"a.\x00", [b""]),
    ("evict: domain", b"a;b.shop.example", [b""]),
]


@pytest.mark.parametrize(("evict", "host", "domains"), DOMAINS)
def test_undeclared_cookies_are_expired_at_the_domains_that_the_policy_names_and_browsers_accept(
    evict: str, host: bytes, domains: list[bytes]
) -> None:
    engine = Engine(policy(POLICY.replace("evict: host", evict)))
    expected = [b"x=; Path=/" + (b"; Domain=" + d if d else b"") + b"; Max-Age=0" for d in domains]
    partitioned = [line + b"; Secure; Partitioned" for line in expected]
    is_loopback = host.startswith((b"localhost", b"127.", b"[::1]"))
    for _ in range(2):
        assert evicted(engine, b"x=1", host=host) == expected + (partitioned if is_loopback else [])
        assert evicted(engine, b"x=1", host=host, https=True) == expected + partitioned


def test_a_partitioned_cookie_is_expired_where_browsers_take_secure_lines() -> None:
    """Expire both kinds: a Cookie header does not show partitioning, and browsers set it with Secure only."""
    lines = evicted(Engine(policy(POLICY)), b"__Http-x=1", https=True)
    assert lines == [
        b"__Http-x=; Path=/; Max-Age=0; Secure; HttpOnly",
        b"__Http-x=; Path=/; Max-Age=0; Secure; Partitioned; HttpOnly",
    ]


def test_of_many_lines_each_has_its_turn() -> None:
    """Cover each path, jar and name, at any times of the page loads."""
    names = [(b"x%d" % number, [HOST_ONLY, b"shop.example"]) for number in range(10)]
    for step in (1, 2, 3, 5, 60):
        pages = [expiring_lines(names, b"/shop/p", NOW + step * page, secure=True) for page in range(200)]
        assert all(len(lines) == len(set(lines)) == MAX_LINES for lines in pages)
        seen = {line for lines in pages for line in lines}
        assert len(seen) == 4 * 2 * 2 * 10  # paths, jars, domains, names
        assert all(sum(b"Path=/;" in line for line in lines) == MAX_LINES // 2 for lines in pages)


@pytest.mark.parametrize(
    ("target", "paths"),
    [
        (b"/", [b"/"]),
        (b"/a?x=/y/", [b"/", b"/a"]),
        (b"/a/", [b"/", b"/a", b"/a/"]),
        (b"/a/b/c", [b"/", b"/a", b"/a/", b"/a/b", b"/a/b/", b"/a/b/c"]),
        (b"//a/b", [b"/", b"//", b"//a", b"//a/", b"//a/b"]),
        (b"/a;v=1/b/c", [b"/"]),
        (b"/1" * 12, [b"/", *(b"/1" * n + end for n in range(1, 9) for end in (b"", b"/")), b"/1" * 12]),
        (b"*", [b"/"]),
    ],
)
def test_paths_are_all_with_which_a_browser_sends_a_cookie(target: bytes, paths: list[bytes]) -> None:
    assert paths_of(target) == paths
    assert all(path_match(path_of(target), path) for path in paths)


NAVIGATIONS = [
    (b"GET", [(b"sec-fetch-dest", b"document")], True),
    (b"GET", [(b"Sec-Fetch-Dest", b"iframe"), (b"Accept", b"text/html")], False),
    (b"GET", [(b"Sec-Fetch-Mode", b"cors"), (b"Accept", b"text/html")], False),
    (b"GET", [(b"Accept", b"text/html,*/*")], True),
    (b"GET", [(b"Accept", b"*/*")], False),
    (b"GET", [], False),
    (b"POST", [(b"Sec-Fetch-Dest", b"document")], False),
    (b"HEAD", [(b"Sec-Fetch-Dest", b"document")], False),
]


@pytest.mark.parametrize(("method", "headers", "expected"), NAVIGATIONS)
def test_only_a_navigation_loads_a_page(method: bytes, headers: list[Header], expected: bool) -> None:
    assert is_navigation(method, headers) is expected


PAGES = [
    ("text/html", "", True),
    ("TEXT/HTML ;charset=utf-8", "", True),
    ("text/htmlx", "", False),
    ("application/json", "", False),
    ("", "", False),
    ("text/html", "public", False),
    ("text/html", "max-age=60", False),
    ("text/html", 'max-age="0"', True),
    ("text/html", "max-age=0", True),
    ("text/html", "s-maxage=60, max-age=0", False),
    ("text/html", "private, max-age=60", True),
    ("text/html", "Public, No-Store", True),
    ("text/html", 'no-cache="set-cookie", public', True),
    ("text/html", 'public, s-maxage=600, private="X-User"', False),
    ("text/html", 'private="a, b", max-age=60', False),
    ("text/html", "public, no-cache", False),
    ("text/html", "no-cache", True),
]


@pytest.mark.parametrize(("kind", "control", "expected"), PAGES)
def test_a_page_is_html_that_no_shared_cache_may_keep(kind: str, control: str, expected: bool) -> None:
    fields = [(b"content-type", kind.encode())] if kind else []
    assert is_page([*fields, *([(b"Cache-Control", control.encode())] if control else [])]) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(b"Cache-Control", b"no-cache"), (b"ETag", b'"x"')], False),
        ([(b"Cache-Control", b"max-age=0"), (b"Last-Modified", b"x")], False),
        ([(b"Last-Modified", b"x")], False),
        ([(b"ETag", b'"x"')], True),
        ([(b"Cache-Control", b"no-store"), (b"CDN-Cache-Control", b"max-age=60")], False),
        ([(b"Cache-Control", b"no-store"), (b"CDN-Cache-Control", b"no-store")], True),
        ([(b"Cache-Control", b"private"), (b"Last-Modified", b"x")], True),
    ],
)
def test_cache_fields_decide_if_a_page_gets_eviction_lines(fields: list[Header], expected: bool) -> None:
    assert is_page([*PAGE, *fields]) is expected


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        (b"GET", [(b"Sec-Fetch-Dest", b"document"), (b"Sec-Fetch-Mode", b"navigate")], True),
        (b"POST", [(b"Sec-Fetch-Dest", b"document"), (b"Sec-Fetch-Mode", b"navigate")], True),
        (b"GET", [(b"Sec-Fetch-Dest", b"iframe"), (b"Sec-Fetch-Mode", b"navigate")], True),
        (b"GET", [(b"Sec-Fetch-Dest", b"empty"), (b"Sec-Fetch-Mode", b"cors")], False),
        (b"POST", [(b"Accept", b"text/html")], True),
        (b"PUT", [(b"Accept", b"text/html")], False),
        (b"GET", [], False),
    ],
)
def test_a_page_that_runs_scripts_is_one_in_a_frame_or_after_a_form_too(
    method: bytes, headers: list[Header], expected: bool
) -> None:
    assert gets_a_page(method, headers) is expected


def test_a_host_of_a_thousand_labels_costs_no_more_than_one_of_ten() -> None:
    long = b"a." * 1000 + b"example.com"
    assert registrable_parents(long) == []
    just = b"a." * 120 + b"example.com"
    assert registrable_parents(just)[-1] == b"example.com" and len(registrable_parents(just)) == MAX_LABELS - 1
    names = [(b"n%d" % number, [HOST_ONLY, *registrable_parents(just)]) for number in range(300)]
    tracemalloc.start()
    assert len(expiring_lines(names, b"/a/b/c/d/e", 0)) == MAX_LINES
    assert tracemalloc.get_traced_memory()[1] < 300_000
    tracemalloc.stop()


def test_an_expires_date_alone_makes_a_page_cacheable() -> None:
    assert not is_page([*PAGE, (b"Expires", b"Tue, 19 Jan 2038 03:14:07 GMT")])
    assert is_page([*PAGE, (b"Expires", b"0")])
    assert is_page([*PAGE, (b"Expires", b"Tue, 19 Jan 2038 03:14:07 GMT"), (b"Cache-Control", b"no-store")])


def test_only_pages_that_navigations_get_and_only_where_enforced() -> None:
    engine = Engine(policy(POLICY))
    assert evicted(engine, b"x=1", request=[]) == []
    assert evicted(engine, b"x=1", page=[(b"Content-Type", b"image/png")]) == []
    assert evicted(Engine(policy(POLICY), Mode.REPORT), b"x=1") == []
    assert evicted(Engine(policy(POLICY.replace("evict: host", "evict: off"))), b"x=1") == []
    for request in ("report", "pass"):
        lenient = Engine(policy(POLICY.replace("evict: host", f"evict: host, request: {request}")))
        assert evicted(lenient, b"x=1") == []


def test_a_live_cookie_of_the_same_response_comes_after_and_counts() -> None:
    engine = Engine(policy(POLICY.replace("evict: host", "evict: host, response: pass")))
    headers = [(b"Set-Cookie", b"x=2"), *PAGE]
    request = [*DOCUMENT, (b"Cookie", b"x=1")]
    outcome = engine.on_response(headers, Exchange(headers=request), NOW)
    assert [value for name, value in outcome.headers if name == b"Set-Cookie"] == [
        b"x=; Path=/; Max-Age=0",
        b"x=; Path=/; Max-Age=0; Secure; Partitioned",
        b"x=2",
    ]


def test_of_many_names_some_have_their_turn_and_all_have_it_in_time() -> None:
    engine = Engine(policy(POLICY))
    names = [f"x{number}" for number in range(3 * MAX_LINES)]
    header = "; ".join(f"{name}=1" for name in names).encode()
    seen = set()
    for second in range(3 * MAX_LINES):
        lines = evicted(engine, header, target=b"/a/b/c", now=NOW + second)
        assert len(lines) == MAX_LINES
        seen |= {line.partition(b"=")[0].decode() for line in lines}
    assert seen == set(names)


def test_all_names_are_tried_at_the_root_before_any_is_tried_elsewhere() -> None:
    lines = evicted(Engine(policy(POLICY)), b"x=1; y=2", target=b"/a/b")
    paths = (b"/", b"/a", b"/a/", b"/a/b")
    assert [line.rpartition(b";")[0] for line in lines] == [
        name + b"=; Path=" + path for path in paths for name in (b"x", b"y")
    ]


@example(b"!=", b"", b".\x00")
@given(st.binary(max_size=200), st.binary(max_size=60), st.binary(max_size=30))
def test_each_eviction_line_is_one_deletion_for_any_request(cookies: bytes, target: bytes, host: bytes) -> None:
    engine = Engine(policy(POLICY.replace("evict: host", "evict: domain")))
    lines = evicted(engine, cookies, target=target, host=host)
    assert len(lines) <= MAX_LINES
    for line in lines:
        cookie = parse_set_cookie(line)
        assert (
            cookie is not None
            and is_deletion(cookie, clock_at(NOW))
            and cookie.value in (b"", b"deleted")
            and not CONTROL.search(line)
        )


def test_parents_end_where_anybody_can_register() -> None:
    assert registrable_parents(b"") == []
    assert registrable_parents(b"co.uk") == []
    assert registrable_parents(b"b.c.kobe.jp") == [b"b.c.kobe.jp"]


@pytest.mark.parametrize(("over", "is_evicted"), [(0, True), (1, False)])
def test_a_name_is_expired_up_to_its_longest(over: int, is_evicted: bool) -> None:
    engine = Engine(policy(POLICY), now=NOW)
    name = b"x" * (MAX_NAME + over)
    lines, found = engine.evictions([name + b"=1"], engine.scope(Exchange(b"a.example")), b"/", NOW)
    assert ((name in found), bool(lines)) == (is_evicted, is_evicted)


def test_a_name_that_the_response_has_no_effort_left_for_is_expired_by_the_next() -> None:
    engine, cookies = Engine(policy(POLICY), now=NOW), [b"; ".join(b"n%d=1" % number for number in range(200))]
    scope, effort = engine.scope(Exchange(b"a.example")), of_response()
    _, found = engine.evictions(cookies, scope, b"/", NOW, effort)
    at_once = (MAX_STEPS_OF_RESPONSE - 200 * (STEPS_OF_EVICTION + 1)) // STEPS_OF_NAME + 1
    assert len(found) == at_once
    assert engine.evictions(cookies, scope, b"/", NOW, effort)[1] == {}
    counts = [len(engine.evictions(cookies, scope, b"/", NOW, of_response())[1]) for _ in range(6)]
    assert counts == [min(time * at_once, 200) for time in range(2, 8)] and counts[-1] == 200


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_directories_of_a_path_are_tried(over: int) -> None:
    count = MAX_DIRECTORIES + over
    target = b"".join(b"/%d" % at for at in range(count)) + b"/page"
    deepest = b"".join(b"/%d" % at for at in range(MAX_DIRECTORIES))
    found = paths_of(target)
    assert len(found) == 2 + 2 * MAX_DIRECTORIES and target in found and deepest in found
    assert (deepest + b"/%d" % MAX_DIRECTORIES in found) is False
