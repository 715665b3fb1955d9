"""The status page and `/policy` show errors, the instance, and the counts of each entry."""

import html
import json
import os
import re
import socket
import urllib.request

import pytest

from cookiewarden.serve.address import parse_upstream
from tests.support.client import CLOSE, Client, ask, get
from tests.support.process import free_port
from tests.support.proxy import Proxy, Start
from tests.support.wait import PATIENCE


def page(proxy: Proxy) -> str:
    """Return the page's text, with one blank for each run of blanks, and its title."""
    text = urllib.request.urlopen(f"{proxy.admin}/", timeout=PATIENCE).read().decode()
    plain = html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(style|script).*?</\1>", "", text)))
    return " ".join(plain.split())


def title(proxy: Proxy) -> str:
    text = urllib.request.urlopen(f"{proxy.admin}/", timeout=PATIENCE).read().decode()
    return html.unescape(text.partition("<title>")[2].partition("</title>")[0])


def policy(proxy: Proxy) -> dict:
    return json.loads(urllib.request.urlopen(f"{proxy.admin}/policy", timeout=PATIENCE).read())


def test_an_application_that_is_down_is_in_the_title_and_on_the_page(start: Start) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    proxy, _ = start(upstream=parse_upstream(nobody))
    assert title(proxy) == "test: enforce · cookiewarden"
    for _ in range(40):
        assert b" 502 " in ask(proxy.port, get(b"/", CLOSE))
    assert title(proxy) == "502: application down · test"
    text = page(proxy)
    assert "502: application down. 40 of 40 requests failed between proxy and application" in text
    assert "connect 40: connection refused, unreachable, or the name does not resolve (502)" in text
    assert "Since the start: 40 requests (5xx 40), 0 in flight, 40 errors." in text
    assert f"application {nobody} · listening on 127.0.0.1:{proxy.port} · instance {socket.gethostname()}" in text
    assert f"(pid {os.getpid()}), up a few seconds" in text
    told = policy(proxy)
    assert told["traffic"] == {
        "requests": {"5xx": 40}, "in_flight": 0, "upstream_errors": {"connect": 40}, "client_errors": {},
        "state": "502: application down",
    }  # fmt: skip
    instance = told["instance"]
    assert (instance["listen"], instance["upstream"]) == (f"127.0.0.1:{proxy.port}", nobody)
    assert (instance["host"], instance["pid"]) == (socket.gethostname(), os.getpid())


def test_errors_of_clients_are_on_the_page(start: Start) -> None:
    proxy, _ = start()
    for _ in range(3):
        with Client(proxy.port) as client:
            client.send(b"nonsense\r\n\r\n")
            assert b" 400 " in client.read_all()
    assert "clients: bad_request invalid HTTP (400) 3 3" in page(proxy)
    assert policy(proxy)["traffic"]["client_errors"] == {"bad_request": 3}


def test_responses_of_the_application_with_500_are_in_the_title(start: Start) -> None:
    proxy, _ = start(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")
    for _ in range(4):
        ask(proxy.port, get(b"/", CLOSE))
    assert title(proxy) == "5xx: 4 of 4 responses · test"
    assert "The application sent a status of 500 or more" in page(proxy)


def test_a_policy_that_was_refused_is_in_the_title(start: Start) -> None:
    proxy, _ = start()
    proxy.policy.write_text("version: 2\n")
    proxy.reload()
    assert title(proxy) == "policy not loaded · test"


REGISTER = """
version: 1
policy: shop
cookies:
  - {name: "pref_*", purpose: x, lifetime: 1h, secure: true}
  - {name: app, purpose: x, lifetime: session, path: /, secure: true, http_only: keep, rename_to: __Host-app}
  - {name: csrf_token_P23104, purpose: x, lifetime: 1h}
"""


def answer(*lines: bytes) -> bytes:
    fields = b"".join(b"Set-Cookie: " + line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + b"\r\n"


def register(proxy: Proxy) -> str:
    return page(proxy).partition("Declared at ")[2]


def test_an_entry_shows_the_counts_of_all_its_records(start: Start) -> None:
    proxy, _ = start(answer(b"pref_a=CANARY; Secure", b"pref_b=CANARY", b"app=CANARY; Path=/"), policy=REGISTER)
    for _ in range(3):
        ask(proxy.port, get(b"/", b"Cookie: pref_c=CANARY; __Host-app=CANARY", CLOSE))
    text = register(proxy)
    assert re.search(
        r"pref_\* x 1 hour .* 9 times, 3 names .* sent: pass 3 set: (pass 3, rewrite 3|rewrite 3, pass 3)", text
    )
    assert "secure-added 3" in text and "app x renamed to __Host-app" in text
    assert re.search(r"app x renamed to __Host-app .* sent: pass 3 set: rewrite 3 renamed 6", text)
    (entry,) = [entry for entry in policy(proxy)["entries"] if entry["name"] == "app"]
    assert (entry["rename_to"], entry["seal"]) == ("__Host-app", False)


@pytest.mark.parametrize("mode", ["enforce", "report"])
def test_decisions_that_are_only_reported_are_counted_as_such(start: Start, mode: str) -> None:
    proxy, _ = start(answer(b"pref_b=CANARY"), policy=f"{REGISTER}mode: {mode}\n")
    ask(proxy.port, get(b"/", CLOSE))
    assert f"set: {'rewrite' if mode == 'enforce' else 'report'} 1 secure-added 1" in register(proxy)


def test_a_similar_name_is_pointed_out_on_both_sides(start: Start) -> None:
    proxy, _ = start(answer(b"csrf_token_P23199=CANARY"), policy=REGISTER)
    ask(proxy.port, get(b"/", CLOSE))
    text = page(proxy)
    assert 'did the entry "csrf_token_P23104", which was not seen, mean this cookie?' in text
    assert "csrf_token_P23104 (similar: csrf_token_P23199 , undeclared)" in text
    assert "not seen similar, but undeclared: csrf_token_P23199" in register(proxy)


def test_changes_are_listed_and_cookies_with_one_reason_share_it(start: Start) -> None:
    proxy, _ = start(
        answer(b"pref_a=CANARY", b"pref_b=CANARY", b"one=CANARY", b"two=CANARY"), policy=REGISTER, scheme="https"
    )
    ask(proxy.port, get(b"/", CLOSE))
    text = page(proxy)
    assert text.count("undeclared; add an entry if the application needs it, otherwise it will be blocked") == 1
    assert "changes rewrite (secure-added): Secure added pref_a 1 response · pref_b 1 response" in text


def test_a_rewritten_cookie_that_breaks_is_not_called_blocked(start: Start) -> None:
    register = "version: 1\npolicy: x\nmode: enforce\ncookies:\n  - {name: sid, same_site: Lax}\n"
    proxy, _ = start(answer(b"sid=CANARY; Secure"), policy=register)
    crossing = (b"Sec-Fetch-Site: cross-site", b"Origin: https://idp.example")
    ask(proxy.port, get(b"/", b"Cookie: sid=CANARY", b"Content-Length: 0", *crossing, CLOSE, method=b"POST"))
    text = page(proxy)
    assert "breaks rewrite (same-site-changed)" in text and "blocked" not in text
    assert "Breaks : the application sets the cookie and browsers do not receive or return it." in text
