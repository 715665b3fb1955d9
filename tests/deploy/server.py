"""A real Prometheus (Debian's package) that scrapes a proxy every half second."""

import contextlib
import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.process import free_port
from tests.support.wait import eventually


class Prometheus:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=20) as answer:
            return json.load(answer)["data"]

    def value(self, expression: str) -> float | None:
        found = self.ask("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self) -> set[str]:
        return {a["labels"]["alertname"] for a in self.ask("alerts")["alerts"] if a["state"] == "firing"}


@contextlib.contextmanager
def prometheus(folder: Path, admin: int, rules: str) -> Iterator[Prometheus]:
    """Start a Prometheus with these alerts that scrapes the proxy at this admin port."""
    assert shutil.which("prometheus"), "not installed: Debian's prometheus"
    folder.mkdir(exist_ok=True)
    (folder / "rules.yaml").write_text(rules)
    configuration = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "cookiewarden", "static_configs": [{"targets": [f"127.0.0.1:{admin}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
    found = Prometheus(port)

    def scraped() -> bool:
        with contextlib.suppress(OSError):
            return found.value("cookiewarden_build_info") == 1
        return False

    try:
        assert eventually(scraped, 30), (folder / "log").read_text()
        yield found
    finally:
        process.terminate()
        process.wait(20)
