"""The documents are true: commands print the output shown, examples load, tables are complete."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from cookiewarden.cli import demo
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.source import parse_source
from tests.support.command import run
from tests.support.policies import loaded, policy
from tests.support.process import ended, free_port, ready, start_process
from tests.support.wait import PATIENCE, eventually

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
GUIDE, REFERENCE, STATEMENT = (
    (ROOT / "policies" / name).read_text() for name in ("README.md", "reference.md", "statement.md")
)
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


def test_every_command_of_the_documents_prints_the_output_that_they_show() -> None:
    """Run them in order against one demo, on other ports."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, and the README's commands use it")
    ports = dict(zip(PORTS, map(str, (free_port(), free_port(), free_port())), strict=True))
    listen, app, admin = ports.values()
    running = start_process("demo", "--listen", listen, "--app", app, "--admin", admin)
    try:
        assert eventually(lambda: ready(int(admin)) == 200)
        for line, expected in commands(README + GUIDE + STATEMENT):
            for known, free in ports.items():
                line = line.replace(f":{known}", f":{free}")
            line = f'cookiewarden() {{ "{sys.executable}" -m cookiewarden "$@"; }}; {line}'
            ran = ended("bash", "-c", line, cwd=ROOT)  # a reader's shell reads the line
            printed = (ran.stdout + ran.stderr).replace("\r", "")
            printed = re.sub(r"\b\d+ seconds ago", "just now", printed)  # on a busy machine
            assert printed == expected, line
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE)
    assert running.returncode == 0


def test_the_readme_has_commands_to_run() -> None:
    assert len(commands(README)) >= 8
    assert len(commands(GUIDE)) >= 5


def test_the_guide_of_the_demo_has_the_commands_of_the_readme() -> None:
    guide = demo.GUIDE.format(
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


VENDORS = {
    "vendors__google-analytics_yaml": "cookies: [{name: _ga, purpose: x, lifetime: 1w, category: analytics}]",
    "vendors__intercom_yaml": "cookies: [{name: 'intercom-session-*', purpose: x, lifetime: 1w, category: support}, "
    "{name: x, purpose: x, lifetime: 1w, category: support}]",
}
EXAMPLES = [
    text
    for page in (GUIDE, REFERENCE, STATEMENT)
    for text in blocks(page, "yaml")
    if "\ncases:" not in text and "\njobs:" not in text and "run: " not in text
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_a_policy_is_clean(text: str) -> None:
    assert loaded(text, **(VENDORS if "include:" in text else {})).problems == []


@pytest.mark.parametrize("page", [GUIDE, REFERENCE])
def test_the_example_of_a_policy_test_passes(page: str, tmp_path: Path) -> None:
    (text,) = (text for text in blocks(page, "yaml") if "\ncases:" in text)
    first = next(text for text in EXAMPLES if "mode: report" in text).replace("mode: report", "mode: enforce")
    (tmp_path / "shop.yaml").write_text(first)
    (tmp_path / "shop.test.yaml").write_text(text)
    code, out, _ = run("test", tmp_path)
    assert code == 0, out


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_in_the_reference(reason: Reason) -> None:
    assert f"\n| `{reason.value}` |" in REFERENCE


def test_the_reference_names_no_reason_that_does_not_exist() -> None:
    section = REFERENCE.partition("## Reasons")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == {r.value for r in Reason}


def test_editors_find_the_schema_of_every_shipped_policy() -> None:
    for path in (ROOT / "policies").rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
        schema = "test.schema.json" if path.name.endswith(".test.yaml") else "schema.json"
        assert found and (path.parent / found[1]).resolve() == ROOT / "policies" / schema
        assert parse_source(str(path), path.read_bytes()).problems == []
