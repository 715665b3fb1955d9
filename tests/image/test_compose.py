"""The file of compose in podman-compose: the demo application, the proxy, and a Prometheus whose alert fires."""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cookiewarden.keys import create, write_new
from tests.image.conftest import ROOT
from tests.image.containers import Containers
from tests.support.process import free_port
from tests.support.wait import eventually

pytestmark = [pytest.mark.image, pytest.mark.timeout(2400)]  # the first test builds the image

SERVICES = ("app", "cookiewarden", "prometheus")
"""Grafana is left out: no package of Debian has it."""
IN_FORCE = 180
"""Seconds after which an alert with `for: 1m` fires, with 15 seconds between two scrapes and between two evaluations."""


class Services:
    """The services of compose, at free ports of this machine."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        proxy, admin, prometheus = (free_port() for _ in range(3))
        self.proxy, self.prometheus = f"http://127.0.0.1:{proxy}", f"http://127.0.0.1:{prometheus}/api/v1"
        file = tree / "deploy" / "compose" / "compose.yaml"
        text = file.read_text()
        for fixed, free in (("8080", proxy), ("9180", admin), ("9090", prometheus)):
            assert f'"127.0.0.1:{fixed}:{fixed}"' in text
            text = text.replace(f'"127.0.0.1:{fixed}:{fixed}"', f'"127.0.0.1:{free}:{fixed}"')
        file.write_text(text)

    def asks(self, path: str, **parameters: str) -> Any:
        """Return an answer of Prometheus."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.prometheus}/{path}?{query}", timeout=20) as answered:
            return json.load(answered)["data"]

    def value(self, expression: str) -> str:
        """Return the value of an expression, or empty."""
        try:
            found = self.asks("query", query=expression)["result"]
        except OSError:
            return ""
        return str(found[0]["value"][1]) if found else ""

    def firing(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.asks("alerts")["alerts"] if alert["state"] == "firing"}


@pytest.fixture(scope="module")
def services(
    containers: Containers, image: str, prometheus_image: str, bridge: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """The services, with a copy of the files that compose mounts."""
    tree = tmp_path_factory.mktemp("compose")
    for folder in ("deploy", "policies"):
        shutil.copytree(ROOT / folder, tree / folder)
    folder = tree / "deploy" / "compose"
    create(folder / "seal.key")
    write_new(folder / "admin.token", "t" * 32)
    for secret in ("seal.key", "admin.token"):
        shutil.chown(folder / secret, 65532, 65532)
    for parent in (tree, *tree.parents[:2]):
        parent.chmod(0o755)  # the users of the containers read the mounted files
    containers.run("podman", "tag", image, "docker.io/library/cookiewarden")
    try:
        found = Services(tree)
        containers.run("podman-compose", "up", "--detach", "--no-build", *SERVICES, cwd=folder)
        yield found
    finally:
        containers.ended("podman-compose", "down", "--volumes", cwd=folder)


def asked(url: str, method: str = "GET") -> tuple[int, list[str]]:
    """Return the status and the Set-Cookie lines of an answer; status 0 without one."""

    class Unredirected(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        answered = urllib.request.build_opener(Unredirected).open(
            urllib.request.Request(url, method=method), timeout=20
        )
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get_all("Set-Cookie", [])
    except OSError:
        return 0, []
    with answered:
        return answered.status, answered.headers.get_all("Set-Cookie", [])


def trackers(proxy: str) -> tuple[int, set[str]]:
    """Return the status of the demo's page with trackers, and those that pass."""
    status, lines = asked(f"{proxy}/home")
    return status, {"_fbp", "visitor"} & {line.partition("=")[0] for line in lines}


def test_compose_runs_the_demo_behind_the_proxy(services: Services) -> None:
    assert eventually(lambda: asked(f"{services.proxy}/login", "POST")[0] == 303)
    lines = asked(f"{services.proxy}/login", "POST")[1]
    assert lines and all(line.endswith("; SameSite=Lax; Secure; HttpOnly") for line in lines)
    assert trackers(services.proxy) == (200, set())


def test_prometheus_scrapes_the_compiled_proxy(services: Services) -> None:
    assert eventually(lambda: services.value('cookiewarden_build_info{compiled="true"}') == "1")


def test_an_alert_fires_after_a_broken_edit_and_ends_after_its_repair(services: Services) -> None:
    policy = services.tree / "policies" / "carerix.yaml"
    text = policy.read_text()
    assert eventually(lambda: services.value("cookiewarden_config_last_reload_successful") == "1")
    policy.write_text(text.replace("cookies:", "cookeis:", 1))
    assert eventually(lambda: "CookiewardenReloadFailed" in services.firing(), IN_FORCE)
    assert trackers(services.proxy) == (200, set())  # the previous policy stays in force
    policy.write_text(text)
    assert eventually(lambda: "CookiewardenReloadFailed" not in services.firing(), IN_FORCE)
