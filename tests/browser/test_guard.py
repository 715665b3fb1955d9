"""The script guard in a real Chromium: it blocks the cookies of scripts and reports their names to the proxy."""

import json
import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Error

from cookiewarden.core.engine.consent import granted
from cookiewarden.core.policy.policy import ConsentFormat
from tests.support.answers import READ, SIGNATURE
from tests.support.origin import OriginConnection
from tests.support.proxy import Start
from tests.support.wait import eventually

pytestmark = pytest.mark.browser

POLICY = """
version: 1
inject_guard: true
%s
consent: {cookie: answer, format: list}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional, set_by: both}
  - {name: theme-*, category: functional, set_by: script}
  - {name: there, category: functional, scope: {hosts: [other.example]}}
  - {name: here, category: functional, scope: {hosts: ["*.shop.example", localhost]}}
  - {name: _ga, category: analytics, set_by: script}
  - {name: trial, category: analytics, set_by: script, stage: report}
"""
HTML = b"<!doctype html><html><head><script>document.cookie = 'first=CANARY'</script></head><body>x</body></html>"


def serving(pages: dict[str, tuple[bytes, bytes]]) -> Callable[[OriginConnection], None]:
    """Return an application with these paths, each with its header lines and its body."""

    def script(connection: OriginConnection) -> None:
        while True:
            path = connection.read_head().split(b" ")[1].partition(b"?")[0].decode()
            fields, body = pages.get(path, (b"Content-Type: text/plain\r\n", b""))
            connection.send(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return script


TYPE = b"Content-Type: text/html\r\n"


def application(connection: OriginConnection) -> None:
    while True:
        head = connection.read_head()
        csp = b"Content-Security-Policy: script-src 'self' 'unsafe-inline'\r\n" if b" /csp " in head else b""
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + csp + b"Content-Length: %d\r\n\r\n" % len(HTML) + HTML
        )


def names(visitor: BrowserContext) -> set[str]:
    return {cookie["name"] for cookie in visitor.cookies()}


def test_scripts_may_set_cookies_until_the_visitor_objects(start: Start, visitor: BrowserContext) -> None:
    policy = (POLICY % "").replace("consent: required", "consent: opt-out, granted_by: [yes]")
    proxy, _ = start(application, policy)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    for answer, is_set in (("", True), ("yes", True), ("no", False), ("{", True)):
        visitor.clear_cookies()
        page.evaluate(f"document.cookie = 'answer={answer}'" if answer else "0")
        page.evaluate("document.cookie = '_ga=CANARY1'")
        assert ("_ga" in names(visitor)) == is_set, answer
    page.evaluate("document.cookie = 'answer=no; path=/x'")  # not read here
    page.evaluate("document.cookie = '_ga=; max-age=0'")
    page.evaluate("document.cookie = 'answer=no'")
    page.evaluate("cookieStore.set('_ga', 'CANARY2')")
    assert "_ga" not in names(visitor)


@pytest.mark.parametrize("path", ["/", "/csp"])
def test_undeclared_cookies_of_scripts_are_refused_and_counted(
    start: Start, visitor: BrowserContext, path: str
) -> None:
    proxy, origin = start(application, POLICY % "")
    page = visitor.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://localhost:{proxy.port}{path}")
    assert names(visitor) == set()  # the page's own first script ran after the guard
    for line in (
        "theme-dark=CANARY",
        "here=CANARY",
        "there=CANARY",
        "other=CANARY; path=/",
        "CANARY",
        "=CANARY",
    ):
        page.evaluate("line => { document.cookie = line }", line)
    assert names(visitor) == {"theme-dark", "here"}
    page.evaluate("document.cookie = 'theme-dark=; max-age=0'")
    assert names(visitor) == {"here"}
    page.evaluate("cookieStore.set('x', 'CANARY').then(() => cookieStore.set({name: 'y', value: 'CANARY'}))")
    page.evaluate("cookieStore.set('theme-x', 'CANARY')")
    assert names(visitor) == {"here", "theme-x"}
    assert page.evaluate("document.cookie") in ("here=CANARY; theme-x=CANARY", "theme-x=CANARY; here=CANARY")
    # first, there, other, the nameless ones, x, y: each is reported once
    labels = {"cookie": "__undeclared__", "direction": "script", "action": "block"}
    assert eventually(lambda: proxy.sample("cookiewarden_cookies_total", **labels) >= 5)
    assert errors == []
    assert not any(b"/.well-known/" in head.split(b"\r\n")[0] for head in origin.requests)


def test_analytics_is_set_once_there_is_consent(start: Start, visitor: BrowserContext) -> None:
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    ga = "document.cookie = '_ga=CANARY; path=/'"
    page.evaluate(ga)
    page.evaluate("document.cookie = 'trial=CANARY; path=/'")
    assert names(visitor) == {"trial"}
    page.evaluate("document.cookie = 'answer=analytics; path=/'")
    page.evaluate(ga)
    assert names(visitor) == {"trial", "answer", "_ga"}
    page.evaluate("document.cookie = 'answer=; path=/'")
    page.evaluate("document.cookie = '_ga=CANARY2; path=/'")
    assert {cookie["value"] for cookie in visitor.cookies() if cookie["name"] == "_ga"} == {"CANARY"}
    labels = {"cookie": "_ga", "direction": "script", "action": "block"}
    assert eventually(lambda: proxy.sample("cookiewarden_cookies_total", **labels) >= 1)


@pytest.mark.parametrize("more", ["mode: report", "undeclared: {response: report}"])
def test_report_mode_lets_scripts_set_cookies_and_counts_them(start: Start, visitor: BrowserContext, more: str) -> None:
    proxy, _ = start(application, POLICY % more)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate("document.cookie = 'other=CANARY'")
    assert eventually(lambda: names(visitor) >= {"first", "other"})
    labels = {"cookie": "__undeclared__", "direction": "script", "action": "report"}
    assert eventually(lambda: proxy.sample("cookiewarden_cookies_total", **labels) == 2)


SPELLED = ("%", "%2", "%zz", "%22", "%5B", "%C3%A9", "%C3", "%E2%80%A8", "%00", "%0B", "%1C", "é", "\u00a0", "\ufeff", "\ufffd", "𝒳", "null",
           "true", "false", '"', "'", "[", "]", "{", "}", ":", ",", "|", " ", "&", "=", "0", "1", "-", ".", "_", '"categories":', '"level":', "groups=",
           '"__proto__":', '"granted"', "\\u006d", "\\ud83d", "1e9", "NaN",
           "+", '\\"', "\\054", "\\303\\251", "\\351", "\\", "%5C", "j:", "s:", SIGNATURE)  # fmt: skip


def spellings(form: ConsentFormat, times: int) -> list[str]:
    """Return the values of the table of consent cookies, their full encodings, and `times` random changes of them."""
    read = [value for kind, value, _ in READ if kind == form and len(value) < 3000]
    random = Random(f"{form}")  # the same changes each time
    found = [*read, *(quote(value, safe="%") for value in read)]
    for _ in range(times):
        value = random.choice(read)
        for _ in range(random.choice((1, 1, 2, 3))):
            at, more = random.randint(0, len(value)), random.choice((0, 0, 1, 2, 5))
            value = value[:at] + random.choice((*SPELLED, "")) + value[at + more :]
        found.append(value)
    kept = (value.strip(" \t") for value in found)
    return [
        value
        for value in kept
        if ";" not in value and len(value.encode()) < 4000 and value.isprintable() | ("\u00a0" in value)
    ]


# Sets each value in turn and tries each gate.
TRY = """([values, gates]) => values.map((value) => {
  document.cookie = "answer=; max-age=0"
  document.cookie = "answer=" + value
  const held = document.cookie
  for (let at = 0; at < gates; at++) document.cookie = `w${at}=CANARY`
  const set = document.cookie.split("; ").filter((pair) => /^w[0-9]+=/.test(pair)).map((pair) => Number(pair.split("=")[0].slice(1)))
  for (let at = 0; at < gates; at++) document.cookie = `w${at}=; max-age=0`
  return [held, set]
})"""


ABSENT = {ConsentFormat.TCF: {"2"}, ConsentFormat.GPP: {"24"}, ConsentFormat.CONSENT_MODE: {"ad_user_data"}}
"""Words that formats without words of their users seldom grant."""


@pytest.mark.parametrize("form", ConsentFormat)
def test_the_page_reads_the_visitors_answer_as_the_proxy_does(
    start: Start, visitor: BrowserContext, form: ConsentFormat
) -> None:
    """Compare the table of consent cookies and 500 changes of it. Unknown values grant all, which is visible."""
    words = sorted(
        {word for kind, _, found in READ if kind == form for word in found or () if word.isprintable()}
        | ABSENT.get(form, {"m", "x"})
    )
    words = Random(f"{form}").sample(words, min(len(words), 40))  # a TC string has many
    gates = "".join(
        f"  w{at}: {{consent: required, granted_by: [{json.dumps(word, ensure_ascii=False)}]}}\n"
        for at, word in enumerate(words)
    )
    cookies = "".join(f"  - {{name: w{at}, category: w{at}, set_by: script}}\n" for at in range(len(words)))
    text = (
        f"version: 1\ninject_guard: true\nconsent: {{cookie: answer, format: {form.value}, unknown: grant}}\ncategories:\n"
        f"  functional: {{basis: needed}}\n{gates}cookies:\n  - {{name: answer, category: functional, set_by: both}}\n{cookies}"
    )
    proxy, _ = start(application, text)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    values = spellings(form, 500)
    answers = page.evaluate(TRY, [values, len(words)])
    compared, known = 0, 0
    for value, (held, found) in zip(values, answers, strict=True):
        if held != f"answer={value}" and (value or held != "answer="):
            continue  # not stored unchanged
        answer = granted(form, [value.encode()])
        expected = set(words) if answer is None else answer & set(words)
        assert (value, {words[at] for at in found}) == (value, expected)
        compared, known = compared + 1, known + (answer is not None)
    assert compared > 300 and 0 < known < compared


# Apparent deletions that Chromium keeps for a session, and those that it obeys.
KEPT = (
    "expires=0", "expires=-1", "expires=1", "expires=2001", "expires=1999-01-01", "expires=1/1/2000", "expires=Thu, 01 Jan 1970",
    "max-age=-" + "0" * 1100, "max-age=", "max-age=-x", "Expires=Thu, 32 Jan 1970 00:00:00 GMT", "Expires=Thu, 01 Jan 1970 24:00:00 GMT",
)  # fmt: skip
GONE = ("max-age=0", "max-age=-1", "Max-Age = 0 ", "expires=Thu, 01 Jan 1970 00:00:00 GMT", "expires=1-Jan-70 0:0:0", "expires=Fri Jan 01 1999 12:00:00 GMT+0100")  # fmt: skip


def test_the_guard_takes_for_a_deletion_what_the_browser_does(start: Start, visitor: BrowserContext) -> None:
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    plain = visitor.new_page()
    plain.route("**/*", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    plain.goto(f"http://localhost:{proxy.port}/unguarded")
    for attribute in (*KEPT, *GONE):
        line = f"_fbp=CANARY; {attribute}"
        plain.evaluate("line => { document.cookie = line }", line)
        assert ("_fbp" in names(visitor)) is (attribute in KEPT), f"what this browser does with {attribute[:60]}"
        visitor.clear_cookies()
        page.evaluate("line => { document.cookie = line }", line)
        assert "_fbp" not in names(visitor), attribute[:60]
    page.evaluate("document.cookie = '\\u00a0theme-x=CANARY'")
    assert names(visitor) == set()


# Code of a script, and the cookies after it. `_fbp` is undeclared, `theme-x` is allowed.
ONCE = [
    # the value changes between judging and setting
    ("let n = 0; document.cookie = {toString: () => n++ ? '_fbp=CANARY' : 'theme-x=CANARY'}", {"theme-x"}),
    ("let n = 0; document.cookie = {toString: () => n++ ? 'theme-x=CANARY' : '_fbp=CANARY'}", set()),
    ("let n = 0; document.cookie = {toString: () => n++ ? '_fbp=CANARY' : '_fbp=CANARY; max-age=0'}", set()),
    ("let n = 0; await cookieStore.set({get name() { return n++ ? '_fbp' : 'theme-x' }, value: 'CANARY'})", {"theme-x"}),
    ("let n = 0; await cookieStore.set({name: {toString: () => n++ ? '_fbp' : 'theme-x'}, value: 'CANARY'})", {"theme-x"}),
    ("let n = 0; await cookieStore.set({toString: () => n++ ? '_fbp' : 'theme-x'}, 'CANARY')", {"theme-x"}),
    ("await cookieStore.set({toString: () => '_fbp', name: 'theme-x'}, 'CANARY')", set()),
    ("let n = 0; await cookieStore.set({name: '_fbp', value: 'CANARY', expires: {valueOf: () => n++ ? 9e12 : 1}})", set()),
    ("let n = 0; await cookieStore.set({name: '_fbp', value: 'CANARY', get expires() { return n++ ? 9e12 : 1 }})", set()),
    ("document.body.insertAdjacentHTML('beforeend', '<a id=name href=data:evil></a>'); const all = document.all; all.value = 'CANARY'; await cookieStore.set(all)", set()),
    ("await cookieStore.set({name: 'evil-CANARY', value: 'v', expires: -11644473600000})", set()),
    ("await cookieStore.set({name: '', value: 'CANARY', expires: -11644473600000})", set()),
    ("let n = 0; await cookieStore.set({name: '_fbp', value: 'CANARY', get maxAge() { return n++ ? 9e9 : 0 }})", set()),
    ("let t; await cookieStore.set({get path() { t.name = '_fbp'; return '/' }, name: 'theme-x', value: 'CANARY', ...(t = {})})", {"theme-x"}),
    ("const o = {name: 'theme-x', get value() { o.name = '_fbp'; return 'CANARY' }}; await cookieStore.set(o)", {"theme-x"}),
    ("await cookieStore.set(Object.assign(() => 0, {value: 'CANARY'}))", set()),
    ("Object.prototype.expires = 1; try { await cookieStore.set({name: '_fbp', value: 'CANARY'}) } finally { delete Object.prototype.expires }", set()),
    # methods that the page's scripts replace
    ("Function.prototype.call = Function.prototype.apply = function () { return true }; document.cookie = '_fbp=CANARY'", set()),
    ("Function.prototype.bind = () => () => true; document.cookie = '_fbp=CANARY'", set()),
    ("Array.prototype.find = () => ['*', '', 'functional', true]; document.cookie = '_fbp=CANARY'", set()),
    ("Array.prototype[Symbol.iterator] = function* () {}; document.cookie = '_fbp=CANARY'", set()),
    ("Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({done: true}); document.cookie = '_fbp=CANARY'", set()),
    ("for (const key of ['0', '1', '2']) Object.defineProperty(Array.prototype, key, {set() {}, get: () => 'theme-x'}); document.cookie = '_fbp=CANARY'", set()),
    ("for (const key of ['split', 'trim', 'replace', 'match', 'slice', 'indexOf', 'startsWith', 'charCodeAt', 'toLowerCase']) String.prototype[key] = () => 'theme-x'; document.cookie = '_fbp=CANARY'", set()),
    ("String.prototype[Symbol.split] = () => ['theme-x=1']; document.cookie = '_fbp=CANARY'", set()),
    ("RegExp.prototype.exec = RegExp.prototype.test = RegExp.prototype[Symbol.split] = RegExp.prototype[Symbol.replace] = () => true; document.cookie = '_fbp=CANARY'", set()),
    ("RegExp.prototype.exec = () => ['', '1']; document.cookie = '_fbp=CANARY; max-age=9'", set()),
    ("Date.now = () => 9e15; document.cookie = '_fbp=CANARY; expires=Fri, 31 Dec 2027 00:00:00 GMT'", set()),
    ("Date.UTC = Date.prototype.getTime = () => 0; document.cookie = '_fbp=CANARY; expires=Fri, 31 Dec 2027 00:00:00 GMT'", set()),
    ("window.String = window.Number = () => 'theme-x'; document.cookie = '_fbp=CANARY'", set()),
    ("window.fetch = window.encodeURIComponent = () => { throw 1 }; document.cookie = '_fbp=CANARY'", set()),
    ("Set.prototype.has = () => true; Map.prototype.get = () => 'functional'; document.cookie = '_fbp=CANARY'", set()),
    ("Promise.prototype.then = Promise.prototype.catch = () => { throw 1 }; document.cookie = '_fbp=CANARY'", set()),
    ("Object.defineProperty(Promise.prototype, 'constructor', {get() { throw 1 }, configurable: true}); document.cookie = '_fbp=CANARY'; Object.defineProperty(Promise.prototype, 'constructor', {value: Promise})", set()),
    ("Object.prototype._fbp = 'x'; Object.prototype.passes = true; document.cookie = '_fbp=CANARY'", set()),
    ("JSON.parse = () => ['analytics']; Object.keys = () => ['analytics']; document.cookie = '_ga=CANARY'", set()),
    ("window.decodeURIComponent = () => 'analytics'; document.cookie = '_ga=CANARY'", set()),
    ("Object.defineProperty(Document.prototype, 'cookie', {...Object.getOwnPropertyDescriptor(Document.prototype, 'cookie'), get: () => 'answer=analytics'}); document.cookie = '_ga=CANARY'", set()),
    ("Object.defineProperty(document, 'cookie', {get: () => 'answer=analytics', configurable: true}); Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').set.call(document, '_ga=CANARY')", set()),
    # apparent other names
    ("document.cookie = 'theme-x\\0=CANARY'", set()),
    ("document.cookie = '_fbp\\ud800=CANARY'", set()),
    ("document.cookie = '_fbp\\n; theme-x=CANARY'", set()),
    ("document.cookie = 'toString=CANARY'; document.cookie = '__proto__=CANARY'", set()),
    # errors are the same as without the guard
    ("document.cookie = Symbol()", "Cannot convert a Symbol"),
    ("document.cookie = {toString() { throw new Error('mine') }}", "mine"),
    ("await cookieStore.set()", "1 argument required"),
    ("await cookieStore.set('x')", "CookieInit"),
    ("await cookieStore.set({value: 'CANARY'})", "name"),
    ("await cookieStore.set({name: 'theme-x'})", "value"),
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', expires: NaN})", "finite"),
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', sameSite: 'x'})", "not a valid enum value"),
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', get path() { throw new Error('mine') }})", "mine"),
    ("await cookieStore.set.call({}, 'theme-x', 'CANARY')", "Illegal invocation"),
    # and an allowed cookie has all of its attributes
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', maxAge: 1000, path: '/', sameSite: 'lax', domain: null, partitioned: false})", {"theme-x"}),
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', expires: Date.now() + 1e6, maxAge: null})", {"theme-x"}),
    ("await cookieStore.set({name: 'theme-x', value: 'CANARY', maxAge: -1})", set()),
    ("await cookieStore.set('theme-x', 'CANARY'); await cookieStore.delete('theme-x')", set()),
]  # fmt: skip


def test_the_guard_sets_the_judged_value_even_if_the_page_replaces_builtins(
    start: Start, visitor: BrowserContext
) -> None:
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    for script, expected in ONCE:
        page.goto(f"http://localhost:{proxy.port}/")  # the page is new, without the last replacement
        visitor.clear_cookies()
        if isinstance(expected, str):
            with pytest.raises(Error, match=expected):
                page.evaluate(f"async () => {{ {script} }}")
            assert names(visitor) == set(), script
        else:
            page.evaluate(f"async () => {{ {script} }}")
            assert (script, names(visitor)) == (script, expected)


def test_a_word_that_is_a_declared_name_is_not_set(start: Start, visitor: BrowserContext) -> None:
    """Block a line without `=`, which Firefox takes as a name without a value."""
    proxy, _ = start(application, POLICY.replace("cookies:", "undeclared: {response: pass}\ncookies:", 1) % "")
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate("document.cookie = '_ga; Max-Age=9999'; document.cookie = 'word'")
    # On a busy machine, the browser stores a cookie of a script later.
    assert eventually(lambda: [cookie["value"] for cookie in visitor.cookies() if not cookie["name"]] == ["word"])
    assert "_ga" not in names(visitor)


# Each line, and whether it removes the stored cookie. The name has no consent.
DELETIONS = [
    ("_ga=; Max-Age=0", True),
    ("_ga=CANARY2; Max-Age=0; Max-Age=x", True),
    ("_ga=CANARY2; Max-Age=-5; Expires=Fri, 31 Dec 2027 00:00:00 GMT; Expires=x", True),
    ("_ga=CANARY2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=x", True),
    ("_ga=CANARY2; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=None", True),
    ("_ga=CANARY2; Max-Age=0; Path=/other", False),
    ("_ga=CANARY2; Max-Age=0; Path=/other; path=/", True),
    ("_ga=; Path=/\tx; Path=/; Max-Age=0", True),
    ("_ga=CANARY2; Max-Age=0; Max-Age=5", False),
    ("_ga=CANARY2; Max-Age=+0", False),
    ("_ga=CANARY2; Max-Age=99999999999999999999x", False),
]


def test_a_deletion_by_a_script_deletes_or_has_no_effect(start: Start, visitor: BrowserContext) -> None:
    proxy, _ = start(application, POLICY % "")
    url = f"http://localhost:{proxy.port}/"
    page = visitor.new_page()
    page.goto(url)
    for line, is_gone in DELETIONS:
        visitor.clear_cookies()
        visitor.add_cookies([{"name": "_ga", "value": "CANARY1", "url": url}])
        page.evaluate("line => { document.cookie = line }", line)
        values = {cookie["value"] for cookie in visitor.cookies()}
        assert (line, values) == (line, set() if is_gone else {"CANARY1"})
    for options in ("expires: 1", "expires: {valueOf: () => 1}", "maxAge: 0", "maxAge: -1", "maxAge: NaN"):
        visitor.clear_cookies()
        visitor.add_cookies([{"name": "_ga", "value": "CANARY1", "url": url}])
        page.evaluate(f"cookieStore.set({{name: '_ga', value: 'CANARY2', {options}}})")
        assert (options, names(visitor)) == (options, set())
    # without a name
    visitor.clear_cookies()
    visitor.add_cookies([{"name": "", "value": "CANARY1", "url": url}])
    page.evaluate("document.cookie = 'CANARY2; Path=/; Max-Age=0'")
    assert visitor.cookies() == []


def test_lines_that_are_handed_on_are_as_short_as_a_deletion_can_be(start: Start, visitor: BrowserContext) -> None:
    """Read the lines by a setter of the test below the guard's."""
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    page.add_init_script(
        "window.lines = []; const jar = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');"
        "Object.defineProperty(Document.prototype, 'cookie', {...jar, set(line) { lines.push(line) }})"
    )
    page.goto(f"http://localhost:{proxy.port}/")
    lines = {
        "_ga=v; Path=/a; Max-Age=0; Domain=x; SameSite=None;Secure; Partitioned; x=y; Max-Age=x": "_ga=; Path=/a; Domain=x;Secure; Partitioned; SameSite=None; Max-Age=0",
        " _ga\t=v;expires=Thu, 01 Jan 1970 00:00:00 GMT": "_ga=; Max-Age=0",
        "v; Max-Age=0; Path=/": "deleted; Path=/; Max-Age=0",
        "=v; Max-Age=0": "deleted; Max-Age=0",
        "theme-x=v ; Max-Age=0; Max-Age=x": "theme-x=v ; Max-Age=0; Max-Age=x",  # allowed and unchanged
        "_ga=v": None,
        "_ga=v\u0001; Max-Age=0": None,
    }
    for line, expected in lines.items():
        got = page.evaluate("line => { lines.length = 0; document.cookie = line; return lines }", line)
        assert got == ([expected] if expected else [])


SETS = b"<script>document.cookie = 'early=CANARY'; window.ran = true</script>"
PAGES = [
    # the page, and whether browsers recognise its doctype
    (b"<!doctype html><html><head><title>x</title>", True),
    (b"<?xml version='1.0'?>\n<!DOCTYPE html><html><head>", True),
    (b"<!-- " + b"x" * 10_000 + b" --><!doctype html><html lang=en>", True),
    (b"<!--><!doctype html>", True),
    (b"<!-- --!><!doctype html><head>", True),
    (b"<!--!> x --><!doctype html><head>", True),
    (b"&#32;&Tab;<!doctype html>", True),
    (b"<!doctype html><html data-a=x'y>", True),
    (b"<!doctype html><html a='>'/><head b=\">\"/>", True),
    (b"</ x><!x><!doctype html></>", True),
    (b'<!DOCTYPE html PUBLIC "a>', False),
    (b"<p><!doctype html>", False),
    (b"<html><!doctype html>", False),
    (b"", False),
    (b"\xef\xbb\xbf<!doctype html>", True),
]


@pytest.mark.parametrize("kind", [TYPE, b"Content-Type: */*\r\n"])
def test_the_guards_script_is_the_first_and_no_doctype_is_lost(
    start: Start, visitor: BrowserContext, kind: bytes
) -> None:
    pages = {f"/{at}": (kind, text + SETS) for at, (text, _) in enumerate(PAGES)}
    proxy, _ = start(serving(pages), (POLICY % "").replace("theme-*", "sniffed"))
    page = visitor.new_page()
    for at, (text, is_standard) in enumerate(PAGES):
        page.goto(f"http://localhost:{proxy.port}/{at}")
        found = page.evaluate(
            "[document.compatMode, document.scripts[0]?.src ?? '', document.contentType, !!window.ran]"
        )
        if found[2] != "text/html":
            # The browser does not read it as HTML, so that no script runs.
            assert kind != TYPE and not found[3], text
            continue
        assert "guard.js" in found[1] and found[3], text
        assert found[0] == ("CSS1Compat" if is_standard else "BackCompat"), text
        assert names(visitor) == set(), text


SNIFFED = [
    # header lines, the page, and whether Chromium shows it as HTML
    (b"", b"<html>", True),
    (b"", b" \n\t\f\r<p>", True),
    (b"", b"<!-- x -->", True),
    (b"", b"<abbr>", True),
    (b"Content-Type: */*\r\n", b"<html>", True),
    (b"Content-Type: unknown/unknown\r\n", b"<html>", True),
    (b"Content-Type: application/unknown\r\n", b"<html>", True),
    (b"Content-Type: html\r\n", b"<html>", True),
    (b"Content-Type: \r\n", b"<html>", True),
    (b"Content-Type: text/html foo\r\n", b"x", True),
    (b"Content-Type: text/html(foo\r\n", b"x", True),
    (b"Content-Type: text/plain, text/html\r\n", b"x", True),
    (b"X-Content-Type-Options: x, nosniff\r\n", b"<html>", True),
    (b"", b"hello <html>", False),
    (b"", b"<svg>", False),
    (b"", b"\xef\xbb\xbf<html>", False),
    (b"X-Content-Type-Options: nosniff\r\n", b"<html>", False),
    (b"Content-Type: */*\r\nX-Content-Type-Options: nosniff\r\n", b"<html>", False),
    (b"Content-Type: text/plain\r\n", b"<html>", False),
    (b"Content-Type: text/html, text/plain\r\n", b"<html>", False),
    (b"Content-Type: text/plain;text/html\r\n", b"<html>", False),
]


def test_only_pages_that_this_browser_reads_as_html_have_the_guard(start: Start, visitor: BrowserContext) -> None:
    pages = {f"/{at}": (fields, text + SETS) for at, (fields, text, _) in enumerate(SNIFFED)}
    proxy, _ = start(serving(pages), POLICY % "")
    page = visitor.new_page()
    for at, (fields, text, is_html) in enumerate(SNIFFED):
        page.goto(f"http://localhost:{proxy.port}/{at}")
        ran, has_tag = page.evaluate("[!!window.ran, document.documentElement.outerHTML.includes('guard.js?')]")
        assert (fields, text, ran, has_tag) == (fields, text, is_html, is_html)
        assert names(visitor) == set()


CSP = b"Content-Security-Policy: "
POLICIES = [
    # the page's policy, and whether the guard runs under it
    (CSP + b"script-src 'nonce-abc' 'strict-dynamic'", True),
    (CSP + b"script-src 'nonce-abc'", True),
    (
        CSP + b"default-src 'none'; script-src 'nonce-abc' 'nonce-other', script-src 'nonce-other' 'nonce-abc'",
        True,
    ),
    (CSP + b"script-src 'self' 'unsafe-inline'", True),
    (CSP + b"script-src http: 'unsafe-inline'", True),
    (CSP + b"script-src localhost:*/.well-known/ 'unsafe-inline'", True),
    (CSP + b"default-src *\r\n" + CSP + b"script-src-elem 'nonce-abc'; script-src 'none'", True),
    (b"Content-Security-Policy-Report-Only: script-src 'none'", True),
    (CSP + b"script-src 'none'; script-src 'self'", False),
    (CSP + b"script-src 'unsafe-inline'", False),
    (CSP + b"script-src https://cdn.example 'unsafe-inline'", False),
    (CSP + b"script-src 'self' 'strict-dynamic'", False),
    (CSP + b"script-src 'nonce-abc', script-src 'nonce-other'", False),
    (CSP + b"sandbox", False),
]


def test_under_a_policy_with_a_nonce_the_guard_runs_and_where_it_is_forbidden_that_is_counted(
    start: Start, visitor: BrowserContext
) -> None:
    pages = {f"/{at}": (TYPE + field + b"\r\n", HTML) for at, (field, _) in enumerate(POLICIES)}
    proxy, _ = start(serving(pages), POLICY % "")
    forbidden = 0
    for at, (field, runs) in enumerate(POLICIES):
        page = visitor.new_page()
        page.goto(f"http://localhost:{proxy.port}/{at}")
        native = page.evaluate(
            "/native code/.test(Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').set.toString())"
        )
        assert (field, not native) == (field, runs)
        forbidden += not runs
        assert proxy.sample("cookiewarden_guard_pages_total", result="csp") == forbidden
        page.close()


def test_after_a_stricter_policy_the_page_has_the_new_guard(start: Start, visitor: BrowserContext) -> None:
    def keeping(connection: OriginConnection) -> None:
        while True:
            head = connection.read_head()
            validators = b'Cache-Control: no-cache\r\nETag: "a"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n'
            if re.search(rb"(?i)\r\nif-(none-match|modified-since):", head):
                connection.send(b"HTTP/1.1 304 Not Modified\r\n" + validators + b"\r\n")
            else:
                connection.send(
                    b"HTTP/1.1 200 OK\r\n" + TYPE + validators + b"Content-Length: %d\r\n\r\n" % len(HTML) + HTML
                )

    without = (POLICY % "").replace("inject_guard: true", "")
    proxy, origin = start(keeping, without)
    page = visitor.new_page()

    def visited() -> set[str]:
        visitor.clear_cookies()
        page.goto(f"http://localhost:{proxy.port}/")
        page.evaluate("document.cookie = 'theme-x=CANARY'")
        return names(visitor)

    assert visited() == {"first", "theme-x"}
    for policy, expected in (
        (POLICY % "", {"theme-x"}),
        ((POLICY % "").replace("theme-*", "theme-y"), set()),
    ):
        proxy.policy.write_text(policy)
        proxy.reload()
        assert visited() == expected
        assert visited() == expected
    # The second visit under each policy was a 304 to the browser.
    asked = [head for head in origin.requests if head.startswith(b"GET / ")]
    assert [b"\r\nIf-None-Match:" in head for head in asked] == [False, False, True, False, True]


# The documented limits


FRAMES = {
    "about:blank": "document.body.append(frame); frame.contentDocument.cookie = 'unguarded=CANARY'",
    "srcdoc": "frame.srcdoc = `<script>document.cookie = 'unguarded=CANARY'</script>`; document.body.append(frame)",
}


@pytest.mark.parametrize("script", FRAMES.values(), ids=FRAMES.keys())
def test_limit_a_frame_that_no_request_loads_has_a_separate_realm(
    start: Start, visitor: BrowserContext, script: str
) -> None:
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate(f"{{ const frame = document.createElement('iframe'); {script} }}")
    assert eventually(lambda: names(visitor) == {"unguarded"})


def test_limit_a_service_worker_can_answer_with_pages_without_the_guard(start: Start, visitor: BrowserContext) -> None:
    worker = (
        b"addEventListener('activate', (event) => event.waitUntil(clients.claim()));"
        b"addEventListener('fetch', (event) => { if (event.request.mode === 'navigate') event.respondWith("
        b"new Response(\"<script>document.cookie = 'unguarded=CANARY'</script>\", {headers: {'content-type': 'text/html'}})) })"
    )
    pages = {"/": (TYPE, HTML), "/worker.js": (b"Content-Type: text/javascript\r\n", worker)}
    proxy, _ = start(serving(pages), POLICY % "")
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => new Promise((resolve) => {"
        "  if (navigator.serviceWorker.controller) resolve(); else navigator.serviceWorker.oncontrollerchange = resolve }))"
    )
    assert names(visitor) == set()
    page.goto(f"http://localhost:{proxy.port}/other")
    assert names(visitor) == {"unguarded"}


def test_limit_a_page_whose_guard_fails_to_load_is_not_held(start: Start, visitor: BrowserContext) -> None:
    proxy, _ = start(application, POLICY % "")
    page = visitor.new_page()
    page.route("**/.well-known/cookiewarden/guard.js*", lambda route: route.abort())
    page.goto(f"http://localhost:{proxy.port}/")
    assert names(visitor) == {"first"}
    # The proxy wrote the tag, but does not know that it did not run.
    assert proxy.sample("cookiewarden_guard_pages_total", result="injected") == 1


def test_limit_xhtml_runs_scripts_and_gets_no_tag(start: Start, visitor: BrowserContext) -> None:
    text = b"<html xmlns='http://www.w3.org/1999/xhtml'><head><script>document.cookie = 'unguarded=CANARY'</script></head></html>"
    proxy, _ = start(serving({"/": (b"Content-Type: application/xhtml+xml\r\n", text)}), POLICY % "")
    visitor.new_page().goto(f"http://localhost:{proxy.port}/")
    assert names(visitor) == {"unguarded"}
    assert proxy.sample("cookiewarden_guard_pages_total", result="not-html") == 1
