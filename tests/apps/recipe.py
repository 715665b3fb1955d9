"""The five commands of the policy guide, each run as a reader runs it: a separate process in the reader's folder."""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.process import ended, free_port, ready, scrape
from tests.support.wait import PATIENCE, eventually

GUIDE = (Path(__file__).parents[2] / "policies" / "README.md").read_text()
BLOCK = re.search(r"Five commands lead from a recording.*?```sh\n(.*?)```", GUIDE, re.DOTALL)

DRAIN = ("--drain-timeout", "1")
"""The proxy awaits the answers to long polls also after the browser has closed its side."""


def commands() -> list[list[str]]:
    """Return the commands of the guide, without their comments: learn, check, test, run and forecast."""
    assert BLOCK is not None
    return [line.partition("#")[0].split() for line in BLOCK[1].splitlines()]


def run(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run a command to its end, and return its exit code and its output."""
    ran = ended(sys.executable, "-m", *arguments, cwd=folder)  # as a reader starts each
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout + ran.stderr


def enforcing(policy: Path) -> None:
    """Set the mode of a learned policy to enforce."""
    policy.write_text(re.sub(r"(?m)^mode: report.*", "mode: enforce", policy.read_text()))


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy of the fourth command."""

    folder: Path
    url: str
    admin: int

    def forecast(self) -> tuple[int, str]:
        """Run the fifth command."""
        return run([*commands()[4], f"127.0.0.1:{self.admin}"], self.folder)

    def unsafe(self) -> dict[str, dict[str, Any]]:
        """Return the forecasts that need a decision, by the name of the cookie."""
        _, told = run([*commands()[4], "--format", "json", f"127.0.0.1:{self.admin}"], self.folder)
        found = json.loads(told)["cookies"]
        return {one["name"]: one for one in found if one["verdict"] in ("breaks", "hidden", "may-break")}

    def enforce(self) -> None:
        """Set the mode in the policy, and wait until the proxy has read it."""
        enforcing(self.folder / "my.yaml")
        assert eventually(lambda: scrape(self.admin)["cookiewarden_policy_enforcing"] == 1)

    def harden(self) -> list[str]:
        """Put the keys that drift suggests into the policy, wait until it is in force, and return the names of the entries."""
        words = ["cookiewarden", "drift", "--only", "hardening", "--format", "json", f"127.0.0.1:{self.admin}"]
        findings, policy = json.loads(run(words, self.folder)[1])["findings"], self.folder / "my.yaml"
        text = policy.read_text()
        for found in findings:
            keys = {line.partition(":")[0] for line in found["yaml"].splitlines()}
            head = re.search(rf'(?m)^  - name: "?{re.escape(found["name"])}"?\n((?:    .*\n)+)', text)
            assert head is not None
            kept = [line for line in head[1].splitlines(keepends=True) if line.partition(":")[0] not in keys]
            text = text[: head.start(1)] + "".join(kept) + found["yaml"] + text[head.end(1) :]
        before = self._in_force()
        policy.write_text(text)
        assert not findings or eventually(lambda: self._in_force() != before)
        return [found["name"] for found in findings]

    def _in_force(self) -> list[str]:
        return [name for name, value in scrape(self.admin).items() if "policy_info" in name and value]


@contextlib.contextmanager
def proxy(folder: Path, port: int, *options: str) -> Iterator[Proxy]:
    """Run the fourth command, in front of the application on `port`."""
    listen, admin = free_port(), free_port()
    words = [word.replace("127.0.0.1:3000", f"127.0.0.1:{port}") for word in commands()[3]]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words, "--listen", str(listen), "--admin", str(admin), *DRAIN, *options],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        assert eventually(lambda: ready(admin) == 200), (folder / "log").read_text()
        yield Proxy(folder, f"http://127.0.0.1:{listen}", admin)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0, (folder / "log").read_text()
