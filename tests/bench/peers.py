"""The proxies that are measured, each with the policy of the bench, in one worker of one thread.

The programs in Lua are written by `cookiewarden compile`. The one for njs is plain, the work of an afternoon.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from cookiewarden.adapters.lua.compile import Target, program
from cookiewarden.tools.envoy.processor import Processor, cluster, ext_proc
from tests.bench.policy import BOUND, DECLARED, PAGE, SET_COOKIES, policy
from tests.support.policies import policy as load_policy

PLENTY = 9_000
"""Limit of clients for each peer, each with a connection to the origin: within the usual 20,000 descriptors."""


@dataclass(frozen=True)
class Where:
    """The settings of a peer: its folder, its port, the origin's port and, for cookiewarden, the admin port."""

    folder: Path
    listen: int
    origin: int
    admin: int = 0
    tls: tuple[str, str] | None = None
    """Files of the certificate and key of a TLS listener."""
    flags: tuple[str, ...] = ()
    """Options of cookiewarden."""

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


# nginx, as the origin and as peers


def _nginx(where: Where, http: str, top: str = "") -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""  # the folder is private, and the worker must read it
    temporary = " ".join(
        f"{kind}_temp_path {where.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = where.file(
        "nginx.conf",
        f"""
{user} daemon off; worker_processes 1; pid {where.folder}/pid;
error_log {where.folder}/error.log; include /etc/nginx/modules-enabled/*.conf; {top}
events {{ worker_connections {2 * PLENTY}; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_max_body_size 0; {temporary}
  {http}
}}
""",
    )
    return ["nginx", "-c", str(path)]


def origin(where: Where) -> list[str]:
    """Return the command of the origin, which is not a peer."""
    where.file("big", "x" * (10 << 20))
    values = "".join(f'add_header Set-Cookie "{line % "$request_id"}";\n' for line in SET_COOKIES)
    two = "".join(f'add_header Set-Cookie "{line % "$request_id"}";\n' for line in SET_COOKIES[:2])
    return _nginx(
        where,
        f"""
  default_type text/html;
  server {{
    listen 127.0.0.1:{where.listen};
    client_body_buffer_size 11m;
    location /six {{ {values} return 200 "{"x" * 1024}"; }}
    location /plain {{ return 200 "{"x" * 1024}"; }}
    location /two {{ {two} alias {where.file("64k", "x" * (64 << 10))}; }}
    location /page {{ alias {where.file("page", PAGE.decode())}; }}
    location /big {{ root {where.folder}; }}
    location /told {{ return 200 "$http_cookie"; }}
    location /upload {{ content_by_lua_block {{ ngx.req.read_body() ngx.print(#ngx.req.get_body_data()) }} }}
    location /stream {{ content_by_lua_block {{
      local piece = string.rep("x", 1024)
      for _ = 1, 64 do ngx.print(piece) ngx.flush(true) end
    }} }}
  }}
""",
    )


def _proxying(where: Where, directives: str, server: str = "", http: str = "") -> str:
    listen = f"{where.listen} ssl" if server else str(where.listen)
    return f"""
  {http}
  upstream origin {{ server 127.0.0.1:{where.origin}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{listen};
    {server}
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off;
      {directives}
    }}
  }}
"""


def nginx_plain(where: Where) -> list[str]:
    return _nginx(where, _proxying(where, ""))


def nginx_large_buffers(where: Where) -> list[str]:
    return _nginx(where, _proxying(where, "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;"))  # fmt: skip


def lua(where: Where, target: Target) -> Path:
    """Write the policy of the bench as `cookiewarden compile` writes it."""
    return where.file("cookies.lua", program(load_policy(policy()), target))


def nginx_lua(where: Where) -> list[str]:
    load = f'init_by_lua_block {{ package.loaded.cookies = dofile("{lua(where, Target.NGINX)}") }}'
    scripts = """
      rewrite_by_lua_block { require("cookies").request() }
      header_filter_by_lua_block { require("cookies").response() }
    """
    tls = ""
    if where.tls:
        cert, key = where.tls
        tls = f"ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
    return _nginx(where, _proxying(where, scripts, tls, load))


def nginx_njs(where: Where) -> list[str]:
    where.file(
        "policy.js",
        f"""
const declared = {{ {", ".join(f"{name}: true" for name in DECLARED)} }};
function edited(line) {{
  const semicolon = line.indexOf(';');
  const pair = semicolon < 0 ? line : line.slice(0, semicolon);
  const equals = pair.indexOf('=');
  if (equals < 0 || !declared[pair.slice(0, equals).trim()]) return null;
  const tail = semicolon < 0 ? '' : line.slice(semicolon).toLowerCase();
  const age = tail.match(/;\\s*max-age=(\\d+)/);
  if (age && Number(age[1]) > {BOUND}) line = line.replace(/(max-age=)\\d+/i, '$1{BOUND}');
  if (!/;\\s*samesite=[lsn]/.test(tail)) line += '; SameSite=Lax';
  if (!/;\\s*secure/.test(tail)) line += '; Secure';
  if (!/;\\s*httponly/.test(tail)) line += '; HttpOnly';
  return line;
}}
function response(r) {{
  const lines = r.headersOut['Set-Cookie'];
  if (lines && lines.length) r.headersOut['Set-Cookie'] = lines.map(edited).filter(line => line !== null);
}}
function request(r) {{
  const header = r.headersIn.Cookie;
  if (!header) return '';
  return header.split(';').map(crumb => crumb.trim()).filter(
    crumb => crumb.indexOf('=') > 0 && declared[crumb.slice(0, crumb.indexOf('=')).trim()]).join('; ');
}}
export default {{ response, request }};
""",
    )
    return _nginx(
        where,
        _proxying(
            where,
            "js_header_filter policy.response; proxy_set_header Cookie $declared_cookies;",
            http=f'js_path "{where.folder}/"; js_import policy.js; js_set $declared_cookies policy.request;',
        ),
    )


# The others


def haproxy(where: Where) -> list[str]:
    path = where.file(
        "haproxy.cfg",
        f"""
global
  maxconn {PLENTY}
  nbthread 1
  lua-load {lua(where, Target.HAPROXY)}
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
frontend f
  bind 127.0.0.1:{where.listen}
  http-request lua.cookies
  http-response lua.cookies_response if {{ res.hdr(set-cookie) -m found }}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Proto http
  default_backend b
backend b
  http-reuse always
  server s 127.0.0.1:{where.origin}
""",
    )
    return ["haproxy", "-db", "-f", str(path)]


def envoy(where: Where) -> list[str]:
    return _envoy(
        where,
        f"""
          - name: lua
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code: {{filename: {lua(where, Target.ENVOY)}}}""",
    )


def envoy_plain(where: Where) -> list[str]:
    return _envoy(where, "")


def envoy_with_processor(where: Where, python: str = sys.executable) -> list[str]:
    """Return the command of Envoy with the processor, by the filter and the cluster that `cookiewarden envoy` prints."""
    path, socket = where.file("policy.yaml", policy()), where.folder / "socket"
    processor = [
        python, "-m", "cookiewarden", "run", "--policy", str(path), "--extproc", f"unix:{socket}",
        "--admin", str(where.admin), *where.flags,
    ]  # fmt: skip
    return _together(where, processor, socket)


def envoy_with_processor_compiled(where: Where) -> list[str]:
    return envoy_with_processor(where, str(COMPILED_PYTHON))


def envoy_with_grpcio(where: Where) -> list[str]:
    """Return the command of Envoy with a processor on grpcio that changes nothing."""
    socket = where.folder / "socket"
    return _together(where, [str(ENVOY_PYTHON), "-m", "tests.bench.idle_processor", str(socket)], socket)


def _together(where: Where, processor: list[str], socket: Path) -> list[str]:
    loaded = load_policy(policy())
    printed = ext_proc(loaded, observe=False)
    filters = "\n" + textwrap.indent(yaml.safe_dump([printed]), " " * 10).rstrip()
    clusters = "\n" + textwrap.indent(yaml.safe_dump([cluster(Processor(socket=str(socket)))]), " " * 2).rstrip()
    both = [json.dumps(processor), json.dumps(_envoy(where, filters, clusters)), json.dumps(str(socket))]
    return [sys.executable, "-m", "tests.bench.together", *both]


ENVOY_PYTHON = Path(sys.prefix).parent / ".venv-envoy" / "bin" / "python"
"""The environment of `make test-envoy`, which has grpcio."""


def _envoy(where: Where, filters: str, clusters: str = "") -> list[str]:
    path = where.file(
        "envoy.yaml",
        f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {where.listen}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: x
          codec_type: HTTP1
          use_remote_address: true
          http_filters:{filters}
          - name: router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: origin, timeout: 0s}}}}]
  clusters:{clusters}
  - name: origin
    circuit_breakers: {{thresholds: [{{max_connections: {PLENTY}, max_requests: {PLENTY}, max_pending_requests: {PLENTY}}}]}}
    load_assignment:
      cluster_name: origin
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {where.origin}}}}}}}}}]}}]
""",
    )
    return ["envoy", "-c", str(path), "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"]


def aiohttp_proxy(where: Where) -> list[str]:
    path = where.file("policy.yaml", policy())
    return [sys.executable, "-m", "tests.bench.aiohttp_proxy", str(path), str(where.listen), str(where.origin)]  # fmt: skip


def relay(where: Where) -> list[str]:
    return [sys.executable, "-m", "tests.bench.relay", str(where.listen), str(where.origin)]


MITMDUMP = Path(sys.prefix).parent / ".venv-mitm" / "bin" / "mitmdump"


def mitmproxy(where: Where) -> list[str]:
    addon = Path(__file__).parents[2] / "proxy" / "cookiewarden" / "adapters" / "mitm.py"
    return [
        "mitmdump", "-q", "-s", str(addon), "--mode", f"reverse:http://127.0.0.1:{where.origin}",
        "--listen-host", "127.0.0.1", "--listen-port", str(where.listen), "--set", f"confdir={where.folder}",
        "--set", f"cookiewarden_policy={where.file('policy.yaml', policy())}", "--set", "keep_host_header=true",
    ]  # fmt: skip


OURS = "cookiewarden"
RELAY = "uvloop relay"
BEHIND, BEHIND_COMPILED = "Envoy + cookiewarden", "Envoy + cookiewarden, compiled"
COMPILED = "cookiewarden, compiled"
COMPILED_PYTHON = Path(sys.prefix).parent / ".venv-compiled" / "bin" / "python"


IMAGE = "cookiewarden, image"
BEFORE, BEFORE_COMPILED = "cookiewarden, before", "cookiewarden, before, compiled"
IMAGE_ROOT, BEFORE_ROOT = (
    Path(os.environ.get("BENCH_IMAGE_ROOT", "/none")),
    Path(os.environ.get("BENCH_BEFORE", "/none")),
)


def cookiewarden(where: Where, python: str = sys.executable, path: str = "") -> list[str]:
    """Return the command of the proxy. `path`: of the policy, in its own file system."""
    return [
        python, "-m", "cookiewarden", "run", "--policy", path or str(where.file("policy.yaml", policy())),
        "--upstream", f"http://127.0.0.1:{where.origin}", "--listen", str(where.listen),
        "--admin", str(where.admin), *(("--tls-cert", where.tls[0], "--tls-key", where.tls[1]) if where.tls else ()),
        *where.flags,
    ]  # fmt: skip


def compiled(where: Where) -> list[str]:
    return cookiewarden(where, str(COMPILED_PYTHON))


def image(where: Where) -> list[str]:
    """Return the command of the program in the image, whose root file system is mounted at BENCH_IMAGE_ROOT."""
    inside = Path("/tmp", where.folder.name)
    (IMAGE_ROOT / "tmp" / where.folder.name).mkdir(mode=0o755)
    (IMAGE_ROOT / "tmp" / where.folder.name / "policy.yaml").write_text(policy())
    return [
        "chroot",
        str(IMAGE_ROOT),
        *cookiewarden(where, "/opt/cookiewarden/bin/python", str(inside / "policy.yaml")),
    ]


def before(where: Where) -> list[str]:
    """Return the command of another checkout with its environment, at BENCH_BEFORE."""
    return cookiewarden(where, str(BEFORE_ROOT / ".venv" / "bin" / "python"))


def before_compiled(where: Where) -> list[str]:
    return cookiewarden(where, str(BEFORE_ROOT / ".venv-compiled" / "bin" / "python"))


Command = Callable[[Where], list[str]]
PEERS: dict[str, Command] = {
    OURS: cookiewarden,
    COMPILED: compiled,
    IMAGE: image,
    BEFORE: before,
    BEFORE_COMPILED: before_compiled,
    "nginx, proxy_pass only": nginx_plain,
    "nginx, 64k buffers": nginx_large_buffers,
    "nginx + Lua": nginx_lua,
    "nginx + njs": nginx_njs,
    "HAProxy + Lua": haproxy,
    "Envoy + Lua": envoy,
    "Envoy, proxy only": envoy_plain,
    BEHIND: envoy_with_processor,
    BEHIND_COMPILED: envoy_with_processor_compiled,
    "Envoy + idle grpcio": envoy_with_grpcio,
    "aiohttp": aiohttp_proxy,
    RELAY: relay,
    "mitmproxy": mitmproxy,
}

EXECUTABLES = {"nginx": "nginx", "haproxy": "HAProxy + Lua", "envoy": "Envoy + Lua", "mitmdump": "mitmproxy"}
TOOLS = ("h2load", "wrk", "taskset", "nginx")
os.environ["PATH"] += f":/usr/sbin:{Path(sys.executable).parent}:{MITMDUMP.parent}"


def missing() -> list[str]:
    """Return the peers that cannot be measured here. Exits if a required program is missing."""
    tools = [tool for tool in TOOLS if shutil.which(tool) is None]
    if tools:
        sys.exit(
            f"not installed: {', '.join(tools)} (Debian: nginx libnginx-mod-http-lua libnginx-mod-http-js haproxy nghttp2-client wrk)"
        )
    absent = [peer for executable, peer in EXECUTABLES.items() if shutil.which(executable) is None]
    absent += [] if COMPILED_PYTHON.exists() else [COMPILED]
    absent += [] if IMAGE_ROOT.exists() else [IMAGE]
    return [*absent, *([] if BEFORE_ROOT.exists() else [BEFORE, BEFORE_COMPILED])]


def versions() -> dict[str, str]:
    """Return the version that each peer and load generator prints."""
    said = {}
    for executable in ("nginx", "haproxy", "envoy", "mitmdump", "h2load", "wrk"):
        if shutil.which(executable):
            flag = "--version" if executable in ("envoy", "mitmdump", "h2load") else "-v"
            ran = subprocess.run([executable, flag], capture_output=True, text=True)
            found = re.search(r"\d+\.\d+\.\d+", ran.stdout + ran.stderr)
            said[executable] = found[0] if found else "?"
    return said
