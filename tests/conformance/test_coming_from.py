"""The examples of policies/coming-from.md for nginx and HAProxy, in the real servers and without cookiewarden.

`tests/test_coming_from.py` tests the policies of the same examples."""

import contextlib
import http.client
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.mappings import Mapping, mappings, parts
from tests.support.origin import Origin, OriginConnection
from tests.support.process import free_port
from tests.support.wait import eventually


def nginx(folder: Path, port: int, origin: int, examples: Sequence[Mapping]) -> list[str]:
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    places = "".join(
        f"location /{at} {{ proxy_pass http://127.0.0.1:{origin}; {example.lines} }}\n"
        for at, example in enumerate(examples)
    )
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port}; {places} }} }}"
    )
    return ["nginx", "-c", str(path)]


def haproxy(folder: Path, port: int, origin: int, examples: Sequence[Mapping]) -> list[str]:
    uses = "".join(f"  use_backend b{at} if {{ path /{at} }}\n" for at, _ in enumerate(examples))
    backends = "".join(
        f"backend b{at}\n  {example.lines}\n  server s 127.0.0.1:{origin}\n" for at, example in enumerate(examples)
    )
    path = folder / "haproxy.cfg"
    path.write_text(
        "defaults\n  mode http\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n"
        f"frontend f\n  bind 127.0.0.1:{port}\n{uses}{backends}"
    )
    return ["haproxy", "-db", "-f", str(path)]


SERVERS: dict[str, Callable[[Path, int, int, Sequence[Mapping]], list[str]]] = {"nginx": nginx, "haproxy": haproxy}


@contextlib.contextmanager
def running(server: str, folder: Path, examples: Sequence[Mapping]) -> Iterator[int]:
    """Run a server with all examples, each under its number as the path, in front of an origin that sets the cookies."""

    def answer(connection: OriginConnection) -> None:
        while True:
            at = int(connection.read_head().split(b" ")[1].strip(b"/"))
            line = examples[at].before.encode()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: %b\r\n\r\n" % line)

    port, origin = free_port(), Origin(answer)
    process = subprocess.Popen(SERVERS[server](folder, port, origin.port, examples))
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
        origin.close()


def lines_of(port: int, at: int) -> list[str]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", f"/{at}")
        answer = connection.getresponse()
        answer.read()
        return answer.headers.get_all("Set-Cookie") or []


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError):
        lines_of(port, 0)
        return True
    return False


@pytest.mark.parametrize("server", SERVERS)
def test_the_server_gives_the_cookie_of_the_page(server: str, tmp_path: Path) -> None:
    examples = [example for example in mappings() if example.server == server]
    assert examples
    if shutil.which(server) is None:
        pytest.skip(f"{server} is not installed; install Debian's {server}")
    with running(server, tmp_path, examples) as port:  # a real server is needed
        assert eventually(lambda: is_open(port))
        for at, example in enumerate(examples):
            assert list(map(parts, lines_of(port, at))) == ([parts(example.after)] if example.after else []), example
