"""The proxies of the wire suite, each a real process in front of the same origin.

All have the same limits and timeouts, where a proxy has such a setting.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.process import free_port
from tests.support.proxy import CANARY, POLICY
from tests.support.wait import PATIENCE

HEADER, READ, CONNECT, KEEPALIVE = 2, 1, 1, 6
"""Timeouts in seconds: a request head or stalled body, two bytes of the origin, connect, between requests."""

OURS = "cookiewarden"


def cookiewarden(folder: Path, listen: int, origin: int) -> list[str]:
    (folder / "policy.yaml").write_text(POLICY)
    timeouts = {
        "header-timeout": HEADER, "client-timeout": HEADER, "read-timeout": READ, "connect-timeout": CONNECT,
        "keepalive-timeout": KEEPALIVE, "access-log": "on",
    }  # fmt: skip
    flags = [text for name, seconds in timeouts.items() for text in (f"--{name}", str(seconds))]
    return [
        sys.executable, "-m", "cookiewarden", "run", "--policy", str(folder / "policy.yaml"),
        "--upstream", f"http://127.0.0.1:{origin}", "--listen", str(listen), "--admin", "0", *flags,
    ]  # fmt: skip


def nginx(folder: Path, listen: int, origin: int) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""  # the folder is private, and the worker must read it
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(f"""
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; {temporary}
  large_client_header_buffers 4 16k; underscores_in_headers on;
  client_header_timeout {HEADER}s; client_body_timeout {HEADER}s; keepalive_timeout {KEEPALIVE}s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{listen};
    client_max_body_size 0;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Host $http_host;
      proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade;
      proxy_request_buffering off; proxy_connect_timeout {CONNECT}s; proxy_read_timeout {READ}s;
    }}
  }}
}}
""")
    return ["nginx", "-c", str(folder / "nginx.conf")]


def haproxy(folder: Path, listen: int, origin: int) -> list[str]:
    (folder / "haproxy.cfg").write_text(f"""
global
  maxconn 1000
  tune.bufsize 33792
  tune.maxrewrite 1024
defaults
  mode http
  timeout http-request {HEADER}s
  timeout client {HEADER}s
  timeout server {READ}s
  timeout connect {CONNECT}s
  timeout http-keep-alive {KEEPALIVE}s
  timeout tunnel 60s
  retries 1
frontend f
  bind 127.0.0.1:{listen}
  default_backend b
backend b
  server s 127.0.0.1:{origin}
""")
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


def envoy(folder: Path, listen: int, origin: int) -> list[str]:
    (folder / "envoy.yaml").write_text(f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {listen}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: x
          codec_type: HTTP1
          http_protocol_options: {{accept_http_10: true, enable_trailers: true}}
          max_request_headers_kb: 32
          request_headers_timeout: {HEADER}s
          stream_idle_timeout: {HEADER}s
          common_http_protocol_options: {{idle_timeout: {KEEPALIVE}s, max_headers_count: 128}}
          upgrade_configs: [{{upgrade_type: websocket}}]
          http_filters: [{{name: r, typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: origin, timeout: 0s, idle_timeout: {READ}s}}}}]
  clusters:
  - name: origin
    connect_timeout: {CONNECT}s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http_protocol_options: {{enable_trailers: true}}}}
    load_assignment:
      cluster_name: origin
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {origin}}}}}}}}}]}}]
""")
    binary = shutil.which("envoy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "envoy"
    return [binary, "-c", str(folder / "envoy.yaml"), "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"]  # fmt: skip


PEERS: dict[str, Callable[[Path, int, int], list[str]]] = {
    OURS: cookiewarden, "nginx": nginx, "haproxy": haproxy, "envoy": envoy,
}  # fmt: skip
os.environ["PATH"] += ":/usr/sbin"


def version(name: str) -> str:
    """Return the version that a peer prints; empty if it is not installed."""
    executable = str(Path(sys.executable).parent / "envoy") if name == "envoy" else shutil.which(name)
    if name == OURS or not executable or not Path(executable).exists():
        return "here" if name == OURS else ""
    flag = "--version" if name == "envoy" else "-v"
    said = subprocess.run([executable, flag], capture_output=True, text=True)
    found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return found[0] if found else "?"


@contextlib.contextmanager
def started(name: str, folder: Path, origin: int) -> Iterator[int]:
    """Start a peer and yield its port."""
    home, listen = folder / name, free_port()
    home.mkdir()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(PEERS[name](home, listen, origin), stdout=log, stderr=log)
    try:
        _await_port(listen, process, home / "log")
        yield listen
    finally:
        process.terminate()
        process.wait(PATIENCE)
        assert name != OURS or CANARY not in (home / "log").read_text()


def _await_port(port: int, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
