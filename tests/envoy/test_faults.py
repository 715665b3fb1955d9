"""Faults under 500 requests a second: nothing undeclared passes, and failures are clean 5xx; or everything passes."""

import contextlib
import json
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.envoy.clients import Http1
from tests.envoy.envoys import Running, running
from tests.support import policies
from tests.support.client import get
from tests.support.load import Load
from tests.support.origin import Origin, answering
from tests.support.process import free_port
from tests.support.wait import PATIENCE, eventually

pytestmark = pytest.mark.envoy
DEPLOY = Path(__file__).parents[2] / "deploy"
CLOSED = "version: 1\npolicy: faults\ncookies: [{name: sid, secure: true}]\n"
OPEN = CLOSED + "on_error: open\n"
ROGUE = b"rogue="
ANSWER = b"HTTP/1.1 200 OK\r\nSet-Cookie: rogue=CANARY\r\nSet-Cookie: sid=CANARY\r\nContent-Length: 2\r\n\r\nok"
CLEAN = {"200", "500", "503", "504"}
SLOW = """
import time
from cookiewarden.serve.extproc.exchange import ExternalExchange as E
judged = E.message
def late(self, data):
    if __import__("os").path.exists(SLOW_FILE):
        time.sleep(0.5)
    return judged(self, data)
E.message = late
"""


def killed(envoy: Running) -> None:
    envoy.processor.kill()
    envoy.processor.wait(PATIENCE)
    time.sleep(1)
    envoy.restart_processor()


def stopped(envoy: Running) -> None:
    envoy.processor.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    envoy.processor.send_signal(signal.SIGCONT)


def slow(envoy: Running) -> None:
    (envoy.folder / "slow").touch()
    time.sleep(2)
    (envoy.folder / "slow").unlink()


def drained_and_restarted(envoy: Running) -> None:
    envoy.processor.terminate()
    envoy.processor.wait(PATIENCE)
    envoy.restart_processor()


def breaker(envoy: Running) -> None:
    """Wait while the circuit breaker, set to one request, refuses calls."""
    time.sleep(1)


def envoy_reloaded(envoy: Running) -> None:
    envoy.reload_envoy()


FAULTS: dict[Callable[[Running], None], bool] = {
    killed: True,
    stopped: True,
    slow: True,
    drained_and_restarted: False,
    envoy_reloaded: False,
    breaker: True,
}
"""Each fault, and whether requests must fail."""


def one_request(config: dict[str, Any]) -> None:
    cluster = next(c for c in config["static_resources"]["clusters"] if c["name"] == "cookiewarden")
    cluster["circuit_breakers"]["thresholds"] = [{"max_requests": 1, "max_pending_requests": 1}]


@contextlib.contextmanager
def under_load(
    policy: str, folder: Path, before: str = "", edit=None, keep_alive: bool = True
) -> Iterator[tuple[Running, Load]]:
    path = folder / "policy.yaml"
    path.write_text(policy)
    origin = Origin(answering(ANSWER))
    with (
        contextlib.closing(origin),
        running("1.40", policies.policy(policy), path, folder, origin.port, before=before, edit=edit) as envoy,
    ):
        with Load(envoy.port, rate=500, clients=16, request=get(), keep_alive=keep_alive, marker=ROGUE) as load:
            time.sleep(0.5)
            yield envoy, load
            time.sleep(0.5)
        assert set(load.outcomes) <= CLEAN, load.outcomes


def works(envoy: Running) -> bool:
    with contextlib.closing(Http1(envoy.port)) as connection:
        answer = connection.ask(b"/")
        return answer.status == 200 and answer.all(b"set-cookie") == [b"sid=CANARY; Secure"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_closed_nothing_undeclared_passes_and_failures_are_clean(fault, tmp_path: Path) -> None:
    before = f"SLOW_FILE = {str(tmp_path / 'slow')!r}\n{SLOW}" if fault is slow else ""
    edit = one_request if fault is breaker else None
    keep_alive = fault is not envoy_reloaded  # an Envoy that ends cuts idle connections just as clients use them
    with under_load(CLOSED, tmp_path, before, edit, keep_alive) as (envoy, load):
        fault(envoy)
        assert eventually(lambda: works(envoy))
    assert load.marked == 0 and load.outcomes["200"] > 100, load.outcomes
    assert bool(load.failed) or not FAULTS[fault], load.outcomes
    print(f"\n  {fault.__name__}, closed: {dict(load.outcomes)}")


@pytest.mark.parametrize("fault", [killed, stopped, breaker], ids=lambda fault: fault.__name__)
def test_open_everything_passes_and_envoy_counts_it(fault, tmp_path: Path) -> None:
    with under_load(OPEN, tmp_path, edit=one_request if fault is breaker else None) as (envoy, load):
        fault(envoy)
        assert eventually(lambda: works(envoy))
        allowed = envoy.stats()["failure_mode_allowed"]
    assert load.failed == {} and load.marked > 0 and allowed > 0
    print(
        f"\n  {fault.__name__}, open: {dict(load.outcomes)}, {load.marked} unjudged, {allowed} by failure_mode_allowed"
    )


def test_fifty_reloads_fail_no_request(tmp_path: Path) -> None:
    with under_load(CLOSED, tmp_path) as (envoy, load):
        for number in range(50):
            (envoy.folder / "policy.yaml").write_text(CLOSED.replace("faults", f"faults{number}"))
            envoy.processor.send_signal(signal.SIGHUP)
            time.sleep(0.05)
        assert eventually(lambda: 'policy="faults49"' in "".join(envoy.metrics()))
    assert load.failed == {} and load.marked == 0
    print(f"\n  50 reloads: {dict(load.outcomes)}")


def test_two_workers_share_the_calls(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(CLOSED)
    origin = Origin(answering(ANSWER))
    with (
        contextlib.closing(origin),
        running("1.40", policies.policy(CLOSED), path, tmp_path, origin.port, "--workers", "2") as envoy,
    ):
        assert works(envoy) and envoy.metrics()["cookiewarden_workers"] == 2


def test_observing_changes_nothing_and_survives_a_dead_processor(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(CLOSED)
    origin = Origin(answering(ANSWER))
    with (
        contextlib.closing(origin),
        running("1.40", policies.policy(CLOSED), path, tmp_path, origin.port, observe=True) as envoy,
        contextlib.closing(Http1(envoy.port)) as connection,
    ):
        for _ in range(20):
            assert connection.ask(b"/").all(b"set-cookie") == [b"rogue=CANARY", b"sid=CANARY"]
        judged = 'cookiewarden_cookies_total{action="block",cookie="__undeclared__",direction="response"}'
        assert eventually(lambda: envoy.metrics()[judged] == 20)
        envoy.processor.kill()
        envoy.processor.wait(PATIENCE)
        for _ in range(20):
            assert connection.ask(b"/").status == 200


PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: envoy
    metrics_path: /stats/prometheus
    static_configs: [{{targets: ["127.0.0.1:{admin}"]}}]
"""


def test_the_alert_on_unjudged_requests_fires(tmp_path: Path) -> None:
    """Real Prometheus scrapes real Envoy, and the expression of the alert finds the requests."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yaml").read_text())["groups"][0]["rules"]
    (alert,) = [rule for rule in rules if rule["alert"] == "CookiewardenEnvoyUnjudged"]
    assert shutil.which("prometheus"), "prometheus is missing; install Debian's prometheus"
    with under_load(OPEN, tmp_path) as (envoy, _):
        config, port = tmp_path / "prometheus.yml", free_port()
        config.write_text(PROMETHEUS.format(admin=envoy.admin))
        command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (
            (tmp_path / "prometheus.log").open("w") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as prometheus,
        ):
            try:
                assert eventually(lambda: answers(port, "up == 1"))
                assert not answers(port, alert["expr"])
                killed(envoy)
                assert eventually(lambda: answers(port, alert["expr"]))
            finally:
                prometheus.terminate()


def answers(port: int, expression: str) -> list:
    """Return the result of a query."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]["result"]
    return []
