"""The compiled policy in real Envoy, nginx and HAProxy gives the cookies of the engine, byte for byte and in order."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from cookiewarden.adapters.lua.compile import Target, program
from cookiewarden.tools.envoy.hosts import Wish, configuration
from cookiewarden.tools.envoy.names import Host
from cookiewarden.tools.envoy.processor import Processor
from tests.adapters.lua.runs import POLICY
from tests.envoy.clients import Http1, Http2
from tests.envoy.corpus import application, differing
from tests.envoy.envoys import ENVOYS, command, manager
from tests.support import policies
from tests.support.origin import Origin
from tests.support.process import free_port
from tests.support.proxy import accepts
from tests.support.wait import PATIENCE, eventually

pytestmark = pytest.mark.envoy
LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"


def envoy(version: str) -> Callable[[Path, Path, int, int], list[str]]:
    def arguments(folder: Path, lua: Path, listen: int, upstream: int) -> list[str]:
        wish = Wish(policies.policy(POLICY), Processor("/unused"), ("127.0.0.1", listen), ("127.0.0.1", upstream))
        config = yaml.safe_load(configuration(Host.ENVOY, wish))
        source = {"@type": LUA, "default_source_code": {"filename": str(lua)}}
        manager(config)["http_filters"][0] = {"name": "lua", "typed_config": source}
        config["static_resources"]["clusters"] = [config["static_resources"]["clusters"][0]]
        path = folder / "envoy.yaml"
        path.write_text(yaml.safe_dump(config))
        return command(version, path, "--base-id", str(listen))

    return arguments


def nginx(folder: Path, lua: Path, listen: int, upstream: int) -> list[str]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    path = folder / "nginx.conf"
    path.write_text(f"""
{"user root;" if os.geteuid() == 0 else ""} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
include /etc/nginx/modules-enabled/*.conf; events {{}}
http {{
  access_log off; {temporary}
  init_by_lua_block {{ package.loaded.cookies = dofile("{lua}") }}
  server {{
    listen 127.0.0.1:{listen};
    location / {{
      proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Connection "";
      rewrite_by_lua_block {{ require("cookies").request() }}
      header_filter_by_lua_block {{ require("cookies").response() }}
    }}
  }}
}}
""")
    return [shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx", "-c", str(path)]


def haproxy(folder: Path, lua: Path, listen: int, upstream: int) -> list[str]:
    path = folder / "haproxy.cfg"
    path.write_text(f"""
global
  lua-load {lua}
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:{listen}
  http-request lua.cookies
  http-response lua.cookies_response
  default_backend b
backend b
  server s 127.0.0.1:{upstream}
""")
    return ["haproxy", "-db", "-f", str(path)]


SERVERS = {
    **{f"Envoy {version}": (Target.ENVOY, envoy(version)) for version in ENVOYS},
    "nginx": (Target.NGINX, nginx),
    "HAProxy": (Target.HAPROXY, haproxy),
}


@contextlib.contextmanager
def serving(name: str, folder: Path, upstream: int) -> Iterator[int]:
    """Start a server with the compiled policy, and return its port."""
    target, arguments = SERVERS[name]
    lua, listen = folder / "cookies.lua", free_port()
    lua.write_text(program(policies.policy(POLICY), target))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(arguments(folder, lua, listen, upstream), stdout=log, stderr=log)
    try:
        assert eventually(lambda: accepts(listen) or process.poll() is not None) and process.poll() is None, (
            folder / "log"
        ).read_text()[-2000:]
        yield listen
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.parametrize("name", SERVERS)
def test_the_compiled_policy_gives_the_engines_cookies(name: str, tmp_path: Path) -> None:
    engine = policies.engine(POLICY)
    clients = (Http1, Http2) if name.startswith("Envoy") else (Http1,)
    with contextlib.closing(Origin(application)) as origin, serving(name, tmp_path, origin.port) as listen:
        for client in clients:
            with contextlib.closing(client(listen)) as connection:
                assert differing(connection, engine)[:3] == []
