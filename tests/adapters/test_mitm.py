"""The addon in a real mitmproxy: the same bytes as the proxy and the engine, HTTP/2, reverse and regular mode,
comments, commands."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.core.engine.engine import Engine
from cookiewarden.keys import create
from tests.support.client import ask
from tests.support.command import run
from tests.support.exchanges import POLICY as CORPUS
from tests.support.exchanges import exchanges
from tests.support.origin import Origin, OriginConnection, answering
from tests.support.policies import entries, policy
from tests.support.process import ended, free_port
from tests.support.proxy import running
from tests.support.wait import PATIENCE, eventually

pytestmark = pytest.mark.mitm

BIN = Path(sys.executable).parent
SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: tracker=CANARY\r\nX-Other: kept  as it is\r\n\r\nok"
POLICY = entries("name: sid, secure: true, lifetime: 1h", "name: '__Host-new', seal: false")


@dataclass
class Mitm:
    port: int
    web: int
    process: subprocess.Popen
    log: Path
    policy: Path
    flows: Path

    @property
    def told(self) -> str:
        return self.log.read_text()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mitm(folder: Path, mode: str, text: str = POLICY, *options: str, program: str = "mitmdump") -> Iterator[Mitm]:  # fmt: skip
    """A mitmproxy with the addon, started as the documents show."""
    addon = run("mitm", "path")[1].strip()
    port, web, path = free_port(), free_port(), folder / "p.yaml"
    path.write_text(text)
    more = ["--no-web-open-browser", "--web-port", str(web)] if program == "mitmweb" else ["-w", str(folder / "flows")]  # fmt: skip
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [BIN / program, "-s", addon, "--mode", mode, "--listen-host", "127.0.0.1", "--listen-port", str(port), *more,
             "--set", f"confdir={folder}", "--set", f"cookiewarden_policy={path}", "--set", "keep_host_header=true", *options],
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        assert eventually(lambda: listens(port) or process.poll() is not None)
        yield Mitm(port, web, process, log, path, folder / "flows")
    finally:
        process.terminate()
        process.wait(PATIENCE)
    told = log.read_text()
    assert "CANARY" not in told and ("Traceback" not in told or "OptionsError: " in told)


def get(path: str = "/", *fields: str, host: str = "shop.example") -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


# The same bytes


def corpus_origin() -> Origin:
    """Return an origin that answers /n/NUMBER with the Set-Cookie lines of that exchange."""
    answers = [answer for _, answer in exchanges()]

    def script(connection: OriginConnection) -> None:
        head = connection.read_head()
        lines = answers[int(head.split(b" ")[1].rpartition(b"/")[2])]
        fields = "".join(f"Set-Cookie: {line}\r\n" for line in lines).encode()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + fields + b"Content-Length: 2\r\n\r\nok")

    return Origin(script)


def through(port: int, origin: Origin) -> list[tuple[list[bytes], list[bytes]]]:
    """Return, for each exchange, the Cookie fields at the application and the Set-Cookie fields at the browser."""
    found = []
    for number, (fields, _) in enumerate(exchanges()):
        seen = len(origin.requests)
        answer = ask(port, get(f"/n/{number}", *fields))
        assert len(origin.requests) == seen + 1, (number, fields, answer)
        found.append((values(b"cookie", origin.requests[-1]), values(b"set-cookie", answer)))
    return found


def values(name: bytes, head: bytes) -> list[bytes]:
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [value.strip(b" \t") for found, _, value in (line.partition(b":") for line in lines) if found.lower() == name]  # fmt: skip


def plainly(scheme_is_https: bool = False) -> list[tuple[list[bytes], list[bytes]]]:
    """Return the same, decided by the engine alone."""
    engine, found = Engine(policy(CORPUS), now=time.time()), []
    for number, (fields, lines) in enumerate(exchanges()):
        asked: list[Header] = [(n.encode(), v.strip().encode()) for n, _, v in (f.partition(":") for f in fields)]
        exchange = Exchange(b"shop.example", f"/n/{number}".encode(), scheme_is_https, asked)
        answered = [
            (b"Content-Type", b"text/html"),
            *((b"Set-Cookie", line.strip().encode()) for line in lines),
        ]
        request = engine.on_request(asked, exchange, time.time()).headers
        response = engine.on_response(answered, exchange, time.time()).headers
        found.append(([v.strip(b" \t") for n, v in request if n == b"Cookie"], [v for n, v in response if n == b"Set-Cookie"]))  # fmt: skip
    return found


def test_300_exchanges_are_the_same_bytes_through_addon_proxy_and_engine(tmp_path: Path) -> None:
    expected, origin = plainly(), corpus_origin()
    with mitm(tmp_path, f"reverse:{origin.upstream.url}", CORPUS) as addon:
        by_addon = through(addon.port, origin)
    with running(policy=CORPUS, origin=origin) as proxy:
        by_proxy = through(proxy.port, origin)
    origin.close()
    assert len(expected) == 300 and sum(bool(got) for _, got in expected) > 150
    for number, (one, other, plain) in enumerate(zip(by_addon, by_proxy, expected, strict=True)):
        assert one == plain, f"exchange {number} through the addon"
        assert other == plain, f"exchange {number} through the proxy"


# The command


def test_a_reverse_proxy_enforces_and_marks_flows_with_its_decisions(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    with mitm(tmp_path, f"reverse:{origin.upstream.url}") as proxy:
        answer = ask(proxy.port, get("/", "Cookie: sid=CANARY; old=CANARY"))
        assert b"Set-Cookie: sid=CANARY; Secure\r\n" in answer and b"tracker" not in answer
        assert b"\r\nX-Other: kept  as it is\r\n" in answer and b"\r\nCookie: sid=CANARY\r\n" in origin.requests[0]  # fmt: skip
    origin.close()
    (flow,) = read(proxy.flows)
    assert flow.marked == ":no_entry:"
    assert flow.comment == (
        "cookiewarden: sid pass; old strip (undeclared); sid rewrite (secure-added, secure-over-http); tracker block (undeclared)"
    )


def read(path: Path) -> list:
    from mitmproxy.io import FlowReader

    with path.open("rb") as file:
        return list(FlowReader(file).stream())


def test_report_mode_records_decisions_and_changes_nothing(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    with mitm(tmp_path, f"reverse:{origin.upstream.url}", POLICY, "--set", "cookiewarden_mode=report") as proxy:  # fmt: skip
        assert b"Set-Cookie: tracker=CANARY\r\n" in ask(proxy.port, get())
    origin.close()
    (flow,) = read(proxy.flows)
    assert "tracker block (undeclared), only reported" in flow.comment and not flow.marked


def test_a_regular_proxy_enforces_too(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    with mitm(tmp_path, "regular") as proxy:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{proxy.port}"}))  # fmt: skip
        with opener.open(origin.upstream.url, timeout=PATIENCE) as answer:
            assert answer.headers.get_all("Set-Cookie") == ["sid=CANARY; Secure"]
    origin.close()


def test_http_2_in_front_gets_the_same(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    text = "undeclared: {evict: host}\n" + POLICY
    with mitm(tmp_path, f"reverse:{origin.upstream.url}", text.replace("version: 1", "version: 1")) as proxy:
        asked = ["curl", "-sk", "--http2", "-D", "-", "-H", "Cookie: sid=CANARY", "-H", "Cookie: old=CANARY", f"https://127.0.0.1:{proxy.port}/"]  # fmt: skip
        told = ended(*asked, check=True).stdout  # curl is not of ours
    origin.close()
    assert told.startswith("HTTP/2 200") and "set-cookie: sid=CANARY; Secure" in told and "tracker" not in told
    assert values(b"cookie", origin.requests[0]) == [b"sid=CANARY"]


def test_sealed_cookies_come_back_as_they_were(tmp_path: Path) -> None:
    key = tmp_path / "keys"
    create(key)
    origin = Origin(answering(SETS))
    text = entries("name: sid, seal: true")
    options = ("--set", f"cookiewarden_seal_key_file={key}")
    with mitm(tmp_path, f"reverse:{origin.upstream.url}", text, *options) as proxy:
        (line,) = values(b"set-cookie", ask(proxy.port, get()))
        assert b"CANARY" not in line
        ask(proxy.port, get("/", f"Cookie: {line.partition(b';')[0].decode()}"))
    origin.close()
    assert values(b"cookie", origin.requests[1]) == [b"sid=CANARY"]


def test_a_policy_is_loaded_again_when_it_changes_and_a_broken_one_is_not(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    with mitm(tmp_path, f"reverse:{origin.upstream.url}") as proxy:
        assert b"tracker" not in ask(proxy.port, get())
        proxy.policy.write_text(POLICY + "  - {nam: tracker}\n")
        assert eventually(lambda: b"tracker" in ask(proxy.port, get()) or "reload failed" in proxy.told)
        assert b"tracker" not in ask(proxy.port, get())
        proxy.policy.write_text(POLICY + "  - {name: tracker}\n")
        assert eventually(lambda: b"tracker" in ask(proxy.port, get()))
    origin.close()


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("version: 1\ncookies: [{nam: a}]\n", (), "unknown key"),
        (entries("name: a, seal: true"), (), "cookiewarden_seal_key_file"),
        (POLICY, ("--set", "cookiewarden_mode=off"), "cookiewarden_mode"),
    ],
)
def test_an_invalid_policy_ends_the_start_with_the_reason(
    tmp_path: Path, text: str, options: tuple[str, ...], told: str
) -> None:
    with mitm(tmp_path, "regular", text, *options) as proxy:
        assert proxy.process.wait(PATIENCE) != 0 and told in proxy.told


# mitmweb


def test_mitmweb_has_the_options_and_the_commands(tmp_path: Path) -> None:
    origin = Origin(answering(SETS))
    with mitm(tmp_path, f"reverse:{origin.upstream.url}", program="mitmweb") as proxy:
        assert eventually(lambda: listens(proxy.web))
        ask(proxy.port, get())
        token = re.search(r"\?token=(\w+)", proxy.told)  # newer versions require it
        more = f"?token={token[1]}" if token else ""

        def asked(path: str, data: bytes | None = None) -> dict:
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            with opener.open(f"http://127.0.0.1:{proxy.web}/{more}", timeout=PATIENCE) as page:
                xsrf = re.search(r"_xsrf=([^;]+)", str(page.headers))
            headers = {"Content-Type": "application/json"} | ({"X-XSRFToken": xsrf[1]} if xsrf else {})
            request = urllib.request.Request(f"http://127.0.0.1:{proxy.web}/{path}", data, headers)
            with opener.open(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())

        options = asked("options")
        assert options["cookiewarden_policy"]["value"] == str(proxy.policy)
        assert options["cookiewarden_mode"]["choices"] == ["", "enforce", "report"]
        commands = asked("commands")
        assert {"cookiewarden.judge", "cookiewarden.reload"} <= set(commands)
        told = asked("commands/cookiewarden.reload", b'{"arguments": []}')
        assert told["value"] == "policy in force: p (enforce)"
        (flow,) = asked("flows")
        assert flow["marked"] == "\N{NO ENTRY}" and "tracker block" in flow["comment"]
        asked("commands/cookiewarden.judge", b'{"arguments": ["@all"]}')
        (flow,) = asked("flows")
        # The engine has judged this response already, so that a second judgement changes nothing.
        assert flow["comment"] == "cookiewarden: sid pass (secure-over-http)"
    origin.close()
