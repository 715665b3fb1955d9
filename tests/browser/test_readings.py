"""Every spelling of a lifetime or a deletion, under each kind of policy, in Chromium and in Firefox.

Cookies end by their bound and are stored only with consent, sealed values are unreadable, and deletions delete."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.sync_api import Browser

from cookiewarden.core.cookies.cookie import is_deletion, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.keys import create
from tests.browser.firefox import firefox
from tests.support.origin import OriginConnection
from tests.support.process import ended
from tests.support.proxy import Proxy, Start
from tests.support.spellings import TABLE
from tests.support.wait import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

HOUR = 3600
AT_ONCE = 30
"""Lines in one response. Unusual dates and edits of more lines would be above the limits of one head."""
DATES = (
    "Fri, 29 May 2026 00:00:00 GMT", "yesterday", "11/29/1999 29 Nov 2026 06:30:00 GMT", "1/29/99 Nov 2026 06:30:00", "Sun, 29 Nov 2026 06:30:00 +9999",
    "Sun, 29 Nov 2026 06:30:00 JST",
)  # fmt: skip
"""Values of Date, from which browsers count an Expires: an old one, and some that parsers read differently."""
HOST = "www.shop.example"


@dataclass(frozen=True)
class Kept:
    """A stored cookie; `seconds` is its remaining lifetime, None for a session cookie."""

    name: str
    value: str
    seconds: float | None


@dataclass(frozen=True)
class Kind:
    """A policy's rule for a prefix of names, the application's attributes, and the allowed lifetime in seconds.

    A lifetime of 0 means a session cookie; None means that browsers must not keep it."""

    name: str
    rule: str
    attributes: str
    seconds: int | None


KINDS = [
    Kind("bounded-", "lifetime: 1h", "", HOUR),
    Kind("ends-", "lifetime: session", "", 0),
    Kind("visits-", "category: analytics, lifetime: 1h", "", None),
    Kind("sealed-", "lifetime: 1h, seal: true", "", HOUR),
    Kind("moved-", "lifetime: 1h, path: /, same_site: None, partitioned: true, secure: keep", "; Secure", HOUR),
    Kind("__Secure-", "lifetime: 1h", "; Secure", HOUR),
    Kind("__Host-", "lifetime: 1h", "; Secure; Path=/; Domain=", HOUR),
    Kind("__Http-", "lifetime: 1h", "; Secure; HttpOnly", HOUR),
    Kind("__Host-Http-", "lifetime: 1h", "; Secure; HttpOnly; Path=/", HOUR),
    Kind("undeclared-", "", "", None),
]
DELETED_WITH = {"moved-": "; Partitioned", "__Host-": "; Secure; Path=/", "__Http-": "; Secure"}
"""The attributes of the application's deletion, where the cookie itself has more."""
POLICY = """
version: 1
ceiling: 400d
consent: {cookie: answer, format: list}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional, lifetime: 1h}
  - {name: last, category: functional}
""" + "".join(
    f"  - {{name: '{kind.name}*', {'' if 'category' in kind.rule else 'category: functional, '}{kind.rule}}}\n"
    for kind in KINDS
    if kind.rule
)
LIVE = [
    spelling
    for spelling in TABLE
    if not is_deletion(parse_set_cookie(b"a=1; " + spelling.encode()), clock_at(time.time()))
]
DELETIONS = [spelling for spelling in TABLE if spelling not in LIVE]


class Application:
    """An application that sends the current `lines`."""

    def __init__(self) -> None:
        self.visits = 0
        self.lines: list[str] = []
        self.date = ""

    def __call__(self, connection: OriginConnection) -> None:
        while True:
            is_page = connection.read_head().startswith(b"GET / ")  # not the later request for the favicon
            fields = [f"Date: {self.date}"] if self.date else []
            fields += [f"Set-Cookie: {line}" for line in self.lines if is_page]
            head = "".join(f"{field}\r\n" for field in fields)
            connection.send(
                f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n{head}Content-Length: 20\r\n\r\n<!doctype html><p>ok".encode()
            )


@dataclass(frozen=True)
class Visitor:
    """A browser that loads pages, lists its cookies and deletes them."""

    goto: Callable[[str], Any]
    all: Callable[[], list[Kept]]
    forget: Callable[[], Any]

    def kept(self) -> dict[str, Kept]:
        """Return the stored cookies by name, without the one that ends each visit. Firefox also lists expired cookies
        until it cleans up, but does not send them."""
        live = (cookie for cookie in self.all() if cookie.seconds is None or cookie.seconds > 0)
        return {cookie.name: cookie for cookie in live if cookie.name != "last"}


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def visitor(request: pytest.FixtureRequest) -> Iterator[Visitor]:
    if request.param == "firefox":
        with firefox() as found:
            print(f"Firefox {found.version}")
            yield Visitor(found.goto, lambda: [_of_firefox(cookie) for cookie in found.cookies()], found.clear_cookies)
        return
    browser: Browser = request.getfixturevalue("browser")
    print(f"Chromium {browser.version}")
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    yield Visitor(page.goto, lambda: [_of_chromium(cookie) for cookie in context.cookies()], context.clear_cookies)
    context.close()


def _of_chromium(cookie: Any) -> Kept:
    return Kept(cookie["name"], cookie["value"], cookie["expires"] - time.time() if cookie["expires"] >= 0 else None)


def _of_firefox(cookie: Any) -> Kept:
    expiry = cookie.get("expiry")
    return Kept(cookie["name"], cookie["value"]["value"], expiry - time.time() if expiry is not None else None)


@pytest.fixture
def shop(start: Start, tmp_path: Path) -> tuple[Proxy, Application]:
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "site.pem"))
    key = tmp_path / "seal.key"
    create(key)
    application = Application()
    proxy, _ = start(
        application,
        POLICY,
        tls_cert=str(tmp_path / "site.pem"),
        tls_key=str(tmp_path / "site.pem"),
        seal_key_file=str(key),
    )
    return proxy, application


def visit(shop: tuple[Proxy, Application], visitor: Visitor, lines: list[str], date: str = "") -> None:
    """Load a page that sets these cookies, and wait for the last one, because Firefox stores them one by one."""
    proxy, application = shop
    application.visits += 1
    application.lines, application.date = [*lines, f"last={application.visits}"], date
    visitor.goto(f"https://{HOST}:{proxy.port}/")
    last = str(application.visits)
    assert eventually(lambda: last in [cookie.value for cookie in visitor.all() if cookie.name == "last"], 20)


def batches(spellings: list[str]) -> Iterator[list[tuple[int, str]]]:
    numbered = list(enumerate(spellings))
    for begin in range(0, len(numbered), AT_ONCE):
        yield numbered[begin : begin + AT_ONCE]


def test_the_table_is_large_enough() -> None:
    assert len(TABLE) >= 150 and len(DELETIONS) >= 30


@pytest.mark.parametrize(
    ("kind", "date"),
    [*((kind, "") for kind in KINDS), *((kind, date) for kind in KINDS[:2] for date in DATES)],
    ids=lambda value: value.name if isinstance(value, Kind) else value or "no Date",
)
def test_no_live_cookie_outlives_its_bound(
    shop: tuple[Proxy, Application], visitor: Visitor, kind: Kind, date: str
) -> None:
    for batch in batches(LIVE):
        visitor.forget()
        lines = [f"{kind.name}{number}=CANARY{kind.attributes}; {spelling}" for number, spelling in batch]
        visit(shop, visitor, lines, date)
        if kind.seconds is None:
            assert visitor.kept() == {}
            continue
        kept = visitor.kept()
        assert len(kept) == len(batch), "each of them is live"
        for number, spelling in batch:
            cookie = kept[f"{kind.name}{number}"]
            assert cookie.seconds is None or cookie.seconds <= kind.seconds + 2, (spelling, cookie)
            assert "CANARY" not in cookie.value or "seal" not in kind.rule, spelling


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_deletion_deletes(shop: tuple[Proxy, Application], visitor: Visitor, kind: Kind) -> None:
    for batch in batches(DELETIONS):
        visitor.forget()
        names = [f"{kind.name}{number}" for number, _ in batch]
        visit(shop, visitor, ["answer=analytics"])
        visit(shop, visitor, [*(f"{name}=CANARY{kind.attributes}" for name in names)])
        if kind.name != "undeclared-":
            assert set(visitor.kept()) == {"answer", *names}
        attributes = DELETED_WITH.get(kind.name, kind.attributes)
        visit(
            shop,
            visitor,
            [f"{kind.name}{number}=CANARY{attributes}; {spelling}" for number, spelling in batch],
        )
        # Firefox counts Max-Age=0 from the time of the answer, and may list a cookie without a value for a fraction of
        # a second.
        assert not any(cookie.value for name, cookie in visitor.kept().items() if name != "answer")
        assert eventually(lambda: set(visitor.kept()) == {"answer"}), sorted(visitor.kept())


def test_withdrawn_consent_expires_partitioned_cookies_too(start: Start, visitor: Visitor, tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert(HOST)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "site.pem"))
    policy = """
version: 1
undeclared: {evict: host}
consent: {cookie: answer, format: list}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional}
  - {name: last, category: functional}
  - {name: visits, category: analytics, partitioned: true, secure: true}
  - {name: kept, category: analytics}
"""
    application = Application()
    proxy, _ = start(application, policy, tls_cert=str(tmp_path / "site.pem"), tls_key=str(tmp_path / "site.pem"))
    shop = proxy, application
    visitor.forget()
    visit(shop, visitor, ["answer=analytics"])
    visit(shop, visitor, ["visits=CANARY", "kept=CANARY; Secure; Partitioned"])
    assert set(visitor.kept()) == {"answer", "visits", "kept"}
    visit(shop, visitor, ["answer=none"])
    visit(shop, visitor, [])
    assert eventually(lambda: set(visitor.kept()) == {"answer"}), sorted(visitor.kept())


def test_curl_stores_nothing_for_the_deletion_of_a_nameless_cookie(
    shop: tuple[Proxy, Application], tmp_path: Path
) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "no curl: .ci/run installs it"
    proxy, application = shop
    application.lines = ["CANARY; Max-Age=0", "=CANARY; Path=/; Max-Age=0; Max-Age=x"]
    jar = tmp_path / "jar"
    ended(curl, "-sko", "/dev/null", "-c", jar, f"https://localhost:{proxy.port}/", check=True)  # it is not of ours
    assert [line for line in jar.read_text().splitlines() if line and not line.startswith("# ")] == []
