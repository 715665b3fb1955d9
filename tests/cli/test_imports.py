"""Commands do not import the serving code, and so start several times as fast."""

import json
import sys

import pytest

from tests.support.command import ROOT
from tests.support.process import ended

HEAVY = (
    "aiohttp",
    "uvloop",
    "httptools",
    "jinja2",
    "cookiewarden.serve",
    "opentelemetry",
    "cryptography",
    "ijson",
    "selectolax",
)
STARTER = "policies/starter.yaml"
COMMANDS = [
    ("--help",),
    ("check", STARTER),
    ("test", STARTER),
    ("explain", "--policy", STARTER, "Set-Cookie: a=1"),
    ("diff", STARTER, STARTER),
    ("schema",),
    ("schema", "inventory"),
    ("schema", "test-file"),
]
PROGRAM = """
import json, runpy, sys
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    try:
        runpy.run_module("cookiewarden", run_name="__main__")
    except SystemExit as end:
        print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def imported() -> dict[tuple[str, ...], list[str]]:
    """Return the modules imported after each of the commands, which run one after the other in a new interpreter."""
    ran = ended(sys.executable, "-c", PROGRAM, json.dumps(COMMANDS), cwd=ROOT)  # this one has imported all of it
    found = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("[")]
    assert [code in (0, 1) for code, _ in found] == [True] * len(COMMANDS), ran.stderr
    return {command: modules for command, (_, modules) in zip(COMMANDS, found, strict=True)}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_do_not_import_the_server(
    imported: dict[tuple[str, ...], list[str]], command: tuple[str, ...]
) -> None:
    assert [name for name in imported[command] if name in HEAVY] == []


def test_the_list_of_commands_does_not_import_them(imported: dict[tuple[str, ...], list[str]]) -> None:
    parts = ("cookiewarden.core", "cookiewarden.tools", "pydantic")
    assert [name for name in imported[COMMANDS[0]] if name.startswith(parts)] == []
