"""The script guard in a real Chromium: what scripts may not set is not set, and the proxy is told its name."""

import json
from random import Random
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext

from cookiewarden.core.consent import granted
from cookiewarden.core.policy import ConsentFormat
from tests.core.test_consent import READ
from tests.serve.harness import OriginConnection, Start, eventually

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


def application(connection: OriginConnection) -> None:
    while True:
        head = connection.read_head()
        csp = b"Content-Security-Policy: script-src 'self' 'unsafe-inline'\r\n" if b" /csp " in head else b""
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            + csp
            + b"Content-Length: %d\r\n\r\n" % len(HTML)
            + HTML
        )


def names(visitor: BrowserContext) -> set[str]:
    return {cookie["name"] for cookie in visitor.cookies()}


@pytest.mark.parametrize("path", ["/", "/csp"])
def test_undeclared_cookies_of_scripts_are_refused_and_counted(
    start: Start, visitor: BrowserContext, path: str
) -> None:
    proxy, origin = start(application, POLICY % "")
    page = visitor.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://localhost:{proxy.port}{path}")
    assert names(visitor) == set()  # the page's own first script was too late
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
    # first, there, other, the nameless ones, x, y: each told once
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
def test_where_nothing_is_enforced_scripts_set_what_they_like_and_are_counted(
    start: Start, visitor: BrowserContext, more: str
) -> None:
    proxy, _ = start(application, POLICY % more)
    page = visitor.new_page()
    page.goto(f"http://localhost:{proxy.port}/")
    page.evaluate("document.cookie = 'other=CANARY'")
    assert eventually(lambda: names(visitor) >= {"first", "other"})
    labels = {"cookie": "__undeclared__", "direction": "script", "action": "report"}
    assert eventually(lambda: proxy.sample("cookiewarden_cookies_total", **labels) == 2)


SPELLED = ("%", "%2", "%zz", "%22", "%5B", "%C3%A9", "%C3", "%E2%80%A8", "%00", "%0B", "%1C", "é", "\u00a0", "\ufeff", "\ufffd", "𝒳", "null",
           "true", "false", '"', "'", "[", "]", "{", "}", ":", ",", "|", " ", "&", "=", "0", "1", "-", ".", "_", '"categories":', '"level":', "groups=",
           '"__proto__":', '"granted"', "\\u006d", "\\ud83d", "1e9", "NaN")  # fmt: skip


def spellings(form: ConsentFormat, times: int) -> list[str]:
    """The values of the table of consent cookies, encoded in full, and with a few changes each."""
    read = [value for kind, value, _ in READ if kind == form and len(value) < 3000]
    random = Random(f"{form}")  # the same ones each time
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


# Gives the cookie each value in turn and tries each gate.
TRY = """([values, gates]) => values.map((value) => {
  document.cookie = "answer=; max-age=0"
  document.cookie = "answer=" + value
  const held = document.cookie
  for (let at = 0; at < gates; at++) document.cookie = `w${at}=CANARY`
  const set = document.cookie.split("; ").filter((pair) => /^w[0-9]+=/.test(pair)).map((pair) => Number(pair.split("=")[0].slice(1)))
  for (let at = 0; at < gates; at++) document.cookie = `w${at}=; max-age=0`
  return [held, set]
})"""


@pytest.mark.parametrize("form", ConsentFormat)
def test_the_page_reads_the_visitors_answer_as_the_proxy_does(
    start: Start, visitor: BrowserContext, form: ConsentFormat
) -> None:
    """The table of consent cookies, and 500 changes of it. What is unknown grants all, so that it shows."""
    words = sorted(
        {word for kind, _, found in READ if kind == form for word in found or () if word.isprintable()}
        | {"m", "x"}
    )
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
            continue  # not stored as it is
        answer = granted(form, [value.encode()])
        expected = set(words) if answer is None else answer & set(words)
        assert (value, {words[at] for at in found}) == (value, expected)
        compared, known = compared + 1, known + (answer is not None)
    assert compared > 300 and 20 < known < compared - 20


# What Chromium keeps for a session although it looks like a deletion, and what it takes for one.
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
        assert ("_fbp" in names(visitor)) is (attribute in KEPT), (
            f"what this browser does with {attribute[:60]}"
        )
        visitor.clear_cookies()
        page.evaluate("line => { document.cookie = line }", line)
        assert "_fbp" not in names(visitor), attribute[:60]
    page.evaluate("document.cookie = '\\u00a0theme-x=CANARY'")
    assert names(visitor) == set()
