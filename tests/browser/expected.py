"""Expectations in a real browser, with the proxy or with Envoy before the application: the statement and eviction."""

from dataclasses import dataclass

from playwright.sync_api import BrowserContext

from tests.support.origin import OriginConnection

DAY = 86400


@dataclass(frozen=True)
class Expected:
    http_only: bool
    days: float | None
    """Days for which the browser keeps it at most; None for a session cookie."""
    seen: bool = True
    """True if the application receives it."""
    after_logout: bool = True


STATEMENT = {
    "wosid": Expected(True, None, after_logout=False),
    "woinst": Expected(True, None, after_logout=False),
    "agencyID": Expected(True, 365),
    "cookiesON": Expected(False, None),
    "cookies": Expected(False, None),
    "customera": Expected(True, None, after_logout=False),
    "customerp": Expected(True, None, after_logout=False),
    "customerr": Expected(True, None, after_logout=False),
    "exportToken": Expected(True, None),
    "language": Expected(False, 365),
    "COOKIE%3bPHPSESSID%3b%2f%3btools%2ecarerix%2ecom": Expected(True, None),
    "PHPSESSIONID": Expected(True, None),
    "_ga": Expected(False, 400, seen=False),  # the script asks for two years, but browsers cut at 400 days
    "_gid": Expected(False, 1, seen=False),
    "_gat": Expected(False, 60 / DAY, seen=False),
    "intercom-id-demo": Expected(False, 273.75, seen=False),
    "intercom-session-demo": Expected(False, 7, seen=False),
}
SCRIPTS = {name for name, expected in STATEMENT.items() if not expected.seen}


POLICY = """
version: 1
undeclared: {evict: %s}
consent: {cookie: answer, format: list, unknown: deny}
categories:
  functional: {basis: needed}
  analytics: {consent: required}
cookies:
  - {name: answer, category: functional, set_by: both}
  - {name: sid, category: functional}
  - {name: theme, category: functional, set_by: script, scope: {hosts: [other.shop.example]}}
  - {name: _ga, category: analytics, set_by: script}
"""
SCRIPT = b"""<!doctype html><title>x</title><script>
for (const line of decodeURIComponent(location.search.slice(1)).split("|")) if (line) document.cookie = line
</script>"""


def application(connection: OriginConnection) -> None:
    """Serve pages whose script sets the cookies of the query."""
    while True:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: sid=CANARY; Path=/\r\n"
            b"Content-Length: %d\r\n\r\n" % len(SCRIPT) + SCRIPT
        )


def names(visitor: BrowserContext) -> set[str]:
    return {cookie["name"] for cookie in visitor.cookies()}
