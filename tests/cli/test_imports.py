"""Commands do not import the serving code, and so start several times as fast."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp",
    "uvloop",
    "httptools",
    "jinja2",
    "cookiewarden.serve",
    "opentelemetry",
    "cryptography",
    "ijson",
)
PROGRAM = """
import json, runpy, sys
try:
    runpy.run_module("cookiewarden", run_name="__main__")
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""
STARTER = "policies/starter.yaml"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check", STARTER),
        ("test", STARTER),
        ("explain", "--policy", STARTER, "Set-Cookie: a=1"),
        ("diff", STARTER, STARTER),
        ("schema",),
        ("schema", "inventory"),
        ("schema", "test-file"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_commands_do_not_import_the_serving_code(arguments: tuple[str, ...]) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    code, modules = json.loads(ran.stderr.splitlines()[-1])
    assert code in (0, 1), ran.stderr
    assert [name for name in modules if name in HEAVY] == []


def test_listing_the_commands_does_not_import_them() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, "--help"], capture_output=True, text=True, timeout=60)
    modules = json.loads(ran.stderr.splitlines()[-1])[1]
    assert [name for name in modules if name.startswith(("cookiewarden.core", "cookiewarden.tools", "pydantic"))] == []
