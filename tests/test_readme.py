"""The documents are true: commands print the output shown, examples load, tables are complete."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.problem import Code
from cookiewarden.core.policy.source import parse_source
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.admin.exposition import Exposition
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.settings import OPTIONS
from tests.support.policies import loaded, policy
from tests.support.process import free_port, ready, start_process
from tests.support.wait import PATIENCE, eventually

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "policies" / "README.md").read_text()
PORTS = ("8080", "8090", "9180")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[tuple[str, str]]:
    """Return every command of the console blocks with the output shown for it."""
    found = []
    for block in blocks(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            found.append((line, output))
    return found


def test_every_command_of_the_readme_prints_the_output_shown() -> None:
    """Run them in order against the demo, at other ports."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, and the README's commands use it")
    ports = dict(zip(PORTS, map(str, (free_port(), free_port(), free_port())), strict=True))
    listen, app, admin = ports.values()
    demo = start_process("demo", "--listen", listen, "--app", app, "--admin", admin)
    try:
        assert eventually(lambda: ready(int(admin)) == 200)
        for line, expected in commands(README):
            for known, free in ports.items():
                line = line.replace(f":{known}", f":{free}")
            line = f'cookiewarden() {{ "{sys.executable}" -m cookiewarden "$@"; }}; {line}'
            ran = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
            printed = (ran.stdout + ran.stderr).replace("\r", "")
            assert printed == expected, line
    finally:
        demo.terminate()
        demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0


def test_the_readme_has_commands_to_run() -> None:
    assert len(commands(README)) >= 8


def test_the_demo_suggests_the_commands_of_the_readme() -> None:
    from cookiewarden.cli.demo import GUIDE

    guide = GUIDE.format(
        listen="127.0.0.1:8080",
        app="127.0.0.1:8090",
        admin="127.0.0.1:9180",
        port=8090,
        policy="p",
        command="cookiewarden",
    )
    for path in (
        "/login -d user=demo",
        "/home",
        "/cookies -H 'Cookie: wosid=1; _fbp=2; _ga=3'",
        "/logout",
        "/metrics",
    ):
        assert f"8080{path}" in guide or f"9180{path}" in guide
        assert f"8080{path}" in README or f"9180{path}" in README


def test_the_policy_in_the_readme_is_a_policy() -> None:
    (text,) = blocks(README, "yaml")
    assert policy(text).entries[0].name == "agencyID"


def test_every_example_of_the_reference_is_a_clean_policy() -> None:
    first, *others = blocks(REFERENCE, "yaml")
    for text in others:
        assert loaded(text).problems == []
    vendor = "cookies: [{name: 'intercom-session-*', purpose: x, lifetime: 1w, category: support}, {name: x, purpose: x, lifetime: 1w}]"
    found = loaded(first, **{"vendors__google-analytics_yaml": "cookies: []", "vendors__intercom_yaml": vendor})
    assert found.problems == []


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_in_the_reference(reason: Reason) -> None:
    assert f"\n| `{reason.value}` |" in REFERENCE


@pytest.mark.parametrize("code", list(Code))
def test_every_problem_code_is_in_the_reference_with_its_severity(code: Code) -> None:
    assert f"\n| `{code.text}` | {code.severity.value} |" in REFERENCE


def test_the_reference_names_no_code_that_does_not_exist() -> None:
    section = REFERENCE.partition("## Problems")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \| (?:error|warning|info)", section, re.MULTILINE)) == {
        c.text for c in Code
    }
    section = REFERENCE.partition("## Reasons")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == {r.value for r in Reason}


def test_every_setting_is_in_the_readme() -> None:
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section.partition("| setting |")[2]))
    assert {option.name for option in OPTIONS} <= named


def test_the_table_of_metrics_matches_a_scrape() -> None:
    metrics = Metrics(Labels(200))
    metrics.declare(["old"])
    metrics.declare(["old"], Role.SHADOW)
    status = PolicyStatus(expiries={"old": 1.0}, shadow=PolicyStatus())
    families = {}
    for family in Exposition(lambda: metrics.counts, metrics.labels, status).collect():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {label for sample in family.samples for label in sample.labels}
        families[family.name + suffix] = labels
    for name in ("violations", "shadow_violations"):  # appear on first use
        families[f"cookiewarden_{name}_total"] = {"cookie", "reason", "enforced"}
    section = README.partition("## Metrics")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(cookiewarden_\w+)` \| (.*?) \|", section, re.MULTILINE)
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == families


def test_the_codes_of_the_admin_listener_are_in_the_readme() -> None:
    section = README.partition("## The admin listener")[2].partition("\n## ")[0]
    rows = section.partition("| code | status |")[2]
    told = re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE)
    assert sorted(told) == sorted(ErrorCode)


def test_editors_find_the_schema_of_every_shipped_policy() -> None:
    for path in (ROOT / "policies").rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
        schema = "test.schema.json" if path.name.endswith(".test.yaml") else "schema.json"
        assert found and (path.parent / found[1]).resolve() == ROOT / "policies" / schema
        assert parse_source(str(path), path.read_bytes()).problems == []
