"""Device-bound sessions in a real Chromium with software keys, behind the proxy.

Chromium compares the bound cookie with its registration. If they differ, it refreshes the session before each request."""

import json
import shutil
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import sync_playwright

from tests.support.certificates import issue
from tests.support.chromium import CHROMIUM, FLAGS
from tests.support.origin import Origin, OriginConnection
from tests.support.process import ended
from tests.support.proxy import Start

pytestmark = pytest.mark.browser

HOST = "shop.example"
FEATURES = "DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"
LINE = "auth=1; Path=/; Secure; SameSite=Lax; Max-Age=3600"
INSTRUCTIONS = {
    "session_identifier": "s1",
    "refresh_url": "/refresh",
    "scope": {"include_site": False},
    "credentials": [{"type": "cookie", "name": "auth", "attributes": "Path=/; Secure; SameSite=Lax"}],
}


def application(connection: OriginConnection) -> None:
    """Register a session at /login, and set its cookie at /register and /refresh."""
    while True:
        head = connection.read_head()
        path = head.split(b" ")[1].decode()
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        connection.read(int(length or 0))
        fields, body = "Content-Type: text/html\r\n", b"<html>"
        if path == "/login":
            fields += 'Secure-Session-Registration: (ES256);path="/register";challenge="c"\r\n'
        elif path in ("/register", "/refresh"):
            fields, body = (
                f"Content-Type: application/json\r\nSet-Cookie: {LINE}\r\n",
                json.dumps(INSTRUCTIONS).encode(),
            )
        answer = f"HTTP/1.1 200 OK\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        connection.send(answer.encode() + body)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that Chromium trusts. It binds no session after an error of a certificate."""
    if shutil.which("certutil") is None:
        pytest.fail("no certutil: install Debian's libnss3-tools")
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    store = tmp_path / ".pki" / "nssdb"
    store.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    for arguments in (("-N", "--empty-password"), ("-A", "-t", "C,,", "-n", "tests", "-i", tmp_path / "ca.pem")):
        done = ended("certutil", "-d", f"sql:{store}", *arguments)  # Chromium reads no other list of authorities
        assert done.returncode == 0, done.stderr
    return made


def visit(port: int, pages: int, folder: Path, origin: Origin) -> None:
    """Sign in and visit some pages in a browser with an empty profile."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, args=[*FLAGS, f"--enable-features={FEATURES}"]
        )
        page = context.new_page()
        page.goto(f"https://{HOST}:{port}/login")
        for _ in range(600):  # Chromium registers after the page has loaded
            if "/register" in paths_of(origin):
                break
            page.wait_for_timeout(100)
        page.wait_for_timeout(500)  # and takes its cookie
        for number in range(pages):
            page.goto(f"https://{HOST}:{port}/page{number}")
        context.close()


def paths_of(origin: Origin) -> list[str]:
    return [head.split(b" ")[1].decode() for head in origin.requests]


POLICY = """
version: 1
cookies:
  - {name: auth, lifetime: 10min%s}
"""


@pytest.mark.parametrize(
    ("rules", "refreshes"),
    [(", device_bound: true", False), (", same_site: Strict", True), (", domain: host-only, http_only: true", True)],
)
def test_only_a_changed_cookie_is_refreshed_before_each_request(
    start: Start, authority: trustme.CA, tmp_path: Path, rules: str, refreshes: bool
) -> None:
    issue(authority, tmp_path, HOST)
    files = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    proxy, origin = start(application, POLICY % rules, **files)
    visit(proxy.port, 3, tmp_path / "profile", origin)
    paths = paths_of(origin)
    assert paths.count("/register") == 1 and "/page2" in paths
    assert paths.count("/refresh") >= 3 if refreshes else "/refresh" not in paths
