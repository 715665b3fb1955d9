"""CPU per request beside nginx + Lua doing the same policy, in the same run.

    make bench            (needs: nginx with its Lua module, h2load; Debian: nginx libnginx-mod-http-lua nghttp2-client)

Every peer runs on one core, origin and load on another, in rounds that take turns. CPU time is the proxy process's
own (utime + stime). A ratio of two peers in one run says something; a figure of one machine does not.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.processes import children

PROXY_CORE, LOAD_CORE = "0", "1"
ORIGIN, NGINX, OURS, ADMIN = 18090, 18081, 18080, 18091
TICKS = os.sysconf("SC_CLK_TCK")

POLICY = """
version: 1
policy: bench
defaults: {secure: true, http_only: true, same_site: {default: Lax}, lifetime: 400d}
cookies:
  - {name: sid, purpose: the session}
  - {name: prefs, purpose: what the user chose}
  - {name: seen, purpose: what was shown}
  - {name: csrf, purpose: against forged requests}
  - {name: lang, purpose: the language}
"""

ORIGIN_CONF = """
server {
  listen 127.0.0.1:%d;
  location / {
    default_type text/html;
    add_header Set-Cookie "sid=$request_id; Path=/; HttpOnly";
    add_header Set-Cookie "prefs=$request_id; Path=/; Max-Age=63072000";
    add_header Set-Cookie "seen=$request_id; Path=/; SameSite=Strict";
    add_header Set-Cookie "csrf=$request_id; Path=/; Secure; HttpOnly; SameSite=Lax";
    add_header Set-Cookie "lang=$request_id; Path=/";
    add_header Set-Cookie "tracker=$request_id; Path=/; Max-Age=63072000";
    return 200 "%s";
  }
  location /plain { default_type text/html; return 200 "%s"; }
}
"""

LUA = """
local declared = { sid = true, prefs = true, seen = true, csrf = true, lang = true }
local bound = 34560000
local lines = ngx.header["Set-Cookie"]
if lines then
  if type(lines) == "string" then lines = { lines } end
  local kept, n = {}, 0
  for i = 1, #lines do
    local line = lines[i]
    local name = line:match("^%s*([^=;]-)%s*=")
    if name and declared[name] then
      local tail = (line:match(";.*$") or ""):lower()
      local age = tail:match(";%s*max%-age=(%d+)")
      if age and tonumber(age) > bound then line = line:gsub("([Mm]ax%-[Aa]ge=)%d+", "%1" .. bound) end
      if not tail:find(";%s*samesite=[lsn]") then line = line .. "; SameSite=Lax" end
      if not tail:find(";%s*secure") then line = line .. "; Secure" end
      if not tail:find(";%s*httponly") then line = line .. "; HttpOnly" end
      n = n + 1
      kept[n] = line
    end
  end
  ngx.header["Set-Cookie"] = kept
end
"""

PROXY_CONF = """
upstream origin { server 127.0.0.1:%d; keepalive 64; keepalive_requests 10000000; }
server {
  listen 127.0.0.1:%d;
  location / {
    proxy_pass http://origin;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    header_filter_by_lua_file %s;
  }
}
"""

MAIN_CONF = """
daemon off; worker_processes 1; pid %s/nginx.pid; error_log %s/error.log;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 10000000; client_body_temp_path %s/body; proxy_temp_path %s/proxy;
  fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
  %s
}
"""


@contextlib.contextmanager
def process(core: str, arguments: list[str], port: int) -> Iterator[int]:
    """Start pinned to a core; the PID of the process that does the work, once it answers on `port`."""
    child = subprocess.Popen(
        ["taskset", "-c", core, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/plain").read()
                break
            if time.monotonic() > until or child.poll() is not None:
                sys.exit(f"{' '.join(arguments[:3])} does not answer")
            time.sleep(0.05)
        workers = children(child.pid)
        yield workers[0] if workers else child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def nginx(folder: Path, name: str, http: str) -> list[str]:
    home = folder / name
    home.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""  # its worker must reach a folder that is ours alone
    (home / "nginx.conf").write_text(user + MAIN_CONF % (*[home] * 7, http))
    return ["nginx", "-c", str(home / "nginx.conf")]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cookies(port: int) -> list[tuple[str, frozenset[str]]]:
    """Each Set-Cookie as its name and its attributes, values left out: what two peers must agree on."""
    answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/")
    found = []
    for line in answer.headers.get_all("Set-Cookie"):
        pair, *attributes = line.split(";")
        found.append((pair.partition("=")[0], frozenset(a.strip().lower() for a in attributes)))
    return found


def load(port: int, path: str, requests: int, clients: int) -> dict[str, float]:
    """One round of h2load: requests per second and latencies. Any failed request ends the bench."""
    out = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "h2load", "--h1", "-n", str(requests), "-c", str(clients), f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    done = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", out)
    if done is None or tuple(map(int, done.groups())) != (requests, 0, 0):
        sys.exit(f"a request failed: this run does not count\n{out}")
    rate = re.search(r"([0-9.]+) req/s", out)
    return {"requests_per_second": float(rate[1]) if rate else 0.0}


def our_requests() -> int:
    text = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}/metrics").read().decode()
    return sum(
        int(float(line.split()[-1]))
        for line in text.splitlines()
        if line.startswith("cookiewarden_requests_total")
    )


def run(rounds: int, requests: int, clients: int) -> list[dict[str, object]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "policy.lua").write_text(LUA)
        (folder / "bench.yaml").write_text(POLICY)
        body = "x" * 1024
        stack.enter_context(
            process(LOAD_CORE, nginx(folder, "origin", ORIGIN_CONF % (ORIGIN, body, body)), ORIGIN)
        )
        lua = PROXY_CONF % (ORIGIN, NGINX, folder / "policy.lua")
        ours = [
            str(Path(sys.executable).parent / "cookiewarden"), "run", "--policy", str(folder / "bench.yaml"),
            "--upstream", f"http://127.0.0.1:{ORIGIN}", "--listen", str(OURS), "--admin", str(ADMIN),
        ]  # fmt: skip
        peers = {
            "nginx + Lua": (
                NGINX,
                stack.enter_context(process(PROXY_CORE, nginx(folder, "proxy", lua), NGINX)),
            ),
            "cookiewarden": (OURS, stack.enter_context(process(PROXY_CORE, ours, OURS))),
        }
        if cookies(NGINX) != cookies(OURS):
            sys.exit(f"the peers do not do the same:\n{cookies(NGINX)}\n{cookies(OURS)}")
        results: list[dict[str, object]] = []
        for workload, path in (("(a) six Set-Cookie", "/"), ("(b) no cookies", "/plain")):
            for port, _ in peers.values():  # caches, memos and connection pools are warm when it counts
                load(port, path, requests // 10, clients)
            for number in range(rounds):
                for name, (port, pid) in peers.items():
                    before, counted = cpu_seconds(pid), our_requests()
                    measured = load(port, path, requests, clients)
                    used = cpu_seconds(pid) - before
                    if name == "cookiewarden" and our_requests() - counted != requests:
                        sys.exit("our own count of requests differs: this run does not count")
                    results.append({
                        "workload": workload, "round": number, "peer": name, "cpu_us_per_request": used / requests * 1e6, **measured,
                    })  # fmt: skip
        return results


def table(results: list[dict[str, object]]) -> str:
    lines = [f"{'workload':<22}{'peer':<16}{'CPU µs/request':>16}{'requests/s':>14}{'/ nginx + Lua':>16}"]
    for workload in dict.fromkeys(str(r["workload"]) for r in results):
        medians = {}
        for peer in dict.fromkeys(str(r["peer"]) for r in results):
            rows = [r for r in results if (r["workload"], r["peer"]) == (workload, peer)]
            medians[peer] = statistics.median(float(str(r["cpu_us_per_request"])) for r in rows)
            rate = statistics.median(float(str(r["requests_per_second"])) for r in rows)
            ratio = medians[peer] / medians["nginx + Lua"]
            lines.append(f"{workload:<22}{peer:<16}{medians[peer]:>16.1f}{rate:>14.0f}{ratio:>16.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=60000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--json", metavar="FILE", help="write the raw rounds here")
    arguments = parser.parse_args()
    missing = [
        tool
        for tool in ("nginx", "h2load", "taskset")
        if shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin") is None
    ]
    if missing:
        sys.exit(
            f"not installed: {', '.join(missing)} (Debian: nginx libnginx-mod-http-lua nghttp2-client util-linux)"
        )
    os.environ["PATH"] += ":/usr/sbin"
    results = run(arguments.rounds, arguments.requests, arguments.clients)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
