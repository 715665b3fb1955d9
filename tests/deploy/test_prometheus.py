"""Alerts and dashboard, checked by promtool and by a real Prometheus that scrapes a running proxy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.generate import files

from tests.deploy.conftest import DEPLOY, Tool
from tests.deploy.server import Prometheus, prometheus
from tests.support.client import CLOSE, ask, get
from tests.support.proxy import POLICY, running
from tests.support.wait import eventually

pytestmark = pytest.mark.deploy

RULES = DEPLOY / "prometheus" / "rules.yaml"
SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: tracker=CANARY\r\n\r\nok"
DATED = "  - {name: old, purpose: x, lifetime: 1h, until: 2099-01-01, owner: me, reason: x}\n"


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_alert_is_valid_and_fires_when_it_should(tool: Tool) -> None:
    tool("promtool", "check", "rules", str(RULES))
    tool("promtool", "test", "rules", str(DEPLOY / "prometheus" / "rules.test.yaml"))
    tests = yaml.safe_load((DEPLOY / "prometheus" / "rules.test.yaml").read_text())["tests"]
    assert {alert["labels"]["severity"] for alert in alerts()} == {"critical", "warning"}
    fire = {test["alertname"] for case in tests for test in case["alert_rule_test"] if test.get("exp_alerts")}
    silent = {test["alertname"] for test in tests[0]["alert_rule_test"]}
    assert fire == silent == {alert["alert"] for alert in alerts()}


def test_generated_files_are_up_to_date() -> None:
    for path, text in files().items():
        assert path.read_text() == text, f"{path.name}: make deploy-files"


def test_the_configuration_of_the_composition_is_one(tool: Tool, tmp_path: Path) -> None:
    for name in ("compose/prometheus.yml", "prometheus/rules.yaml"):
        (tmp_path / Path(name).name).write_text((DEPLOY / name).read_text())
    tool("promtool", "check", "config", str(tmp_path / "prometheus.yml"))


def test_every_metric_of_alerts_and_panels_is_in_a_real_scrape(tmp_path: Path) -> None:
    shadow = tmp_path / "shadow.yaml"
    shadow.write_text(POLICY)
    with (
        running("--shadow", str(shadow), script=SETS, policy=POLICY + DATED) as proxy,
        prometheus(tmp_path / "prometheus", proxy.admin, RULES.read_text()) as asked,
    ):
        for _ in range(3):
            ask(proxy.port, get(b"/", b"Cookie: other=CANARY", CLOSE))
        assert eventually(lambda: (asked.value('cookiewarden_violations_total{cookie="__undeclared__"}') or 0) > 0, 10)
        names = set(asked.ask("label/__name__/values"))
        expressions = [alert["expr"] for alert in alerts()]
        board = json.loads((DEPLOY / "grafana" / "cookiewarden.json").read_text())
        panels = [panel for panel in board["panels"] if panel["type"] != "row"]
        expressions += [target["expr"] for panel in panels for target in panel["targets"]]
        assert len(panels) > 20
        used = {name for text in expressions for name in re.findall(r"\b(?:cookiewarden|process)_[a-z0-9_]+", text)}
        assert used - names == set()
        unused = {
            name for name in names if name.startswith("cookiewarden_") and not re.search(r"_(sum|count|created)$", name)
        }
        assert unused - used == set(), "in a scrape, and in no panel and no alert"

        def empty() -> set[str]:
            return {p["title"] for p in panels if not any(_answers(asked, t["expr"]) for t in p["targets"])}

        assert eventually(lambda: empty() == {"Emergency switch"}, 20), empty()


def _answers(asked: Prometheus, expression: str) -> bool:
    """Return whether Prometheus accepts the expression and finds a series."""
    for name, value in (("$job", ".+"), ("$instance", ".+"), ("$__rate_interval", "5s"), ("$__range", "1m")):
        expression = expression.replace(name, value)
    return bool(asked.ask("query", query=expression)["result"])
