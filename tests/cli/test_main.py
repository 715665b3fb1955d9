"""Rules for every command: the destination of its output, and secrets that it never prints."""

import os
import re
import subprocess
import sys

import pytest

from cookiewarden.cli.main import COMMANDS as COMMAND_ROWS
from tests.support.command import ROOT, run
from tests.support.process import ended

# A process can lose its standard streams.
CHECK = [sys.executable, "-m", "cookiewarden", "check", "policies/starter.yaml"]


def test_a_full_standard_output_is_reported_and_is_exit_3() -> None:
    with open("/dev/full", "w") as full:
        ran = ended(*CHECK, cwd=ROOT, stdout=full, stderr=subprocess.PIPE)
    assert (ran.returncode, ran.stderr) == (3, "cookiewarden: standard output: no space left on device\n")


def test_a_standard_output_that_is_closed_hears_nothing_and_the_code_is_the_same() -> None:
    ran = ended(*CHECK, cwd=ROOT, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert (ran.returncode, ran.stderr) == (0, "")
    ran = ended(*CHECK, cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert ran.returncode == 0


def test_a_reader_that_closes_the_pipe_is_not_an_error() -> None:
    ran = ended("bash", "-c", f"{sys.executable} -m cookiewarden schema | head -1; exit ${{PIPESTATUS[0]}}", cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("forecast", "http://me:CANARY@127.0.0.1:1/"), ("forecast", "http://me:CANARY@[::1/"), ("forecast", "ftp://me:CANARY@h/"), ("drift", "http://me:CANARY@127.0.0.1:1?x"),
        ("mode", "report", "http://me:CANARY@127.0.0.1:1"), ("report", "--prometheus", "http://me:CANARY@127.0.0.1:1"), ("report", "--prometheus", "http://me:CANARY@h:x"),
        ("learn", "http://me:CANARY@127.0.0.1:1"), ("explain", "--policy", "policies/starter.yaml", "--get", "http://me:CANARY@127.0.0.1:1/"),
        ("explain", "--policy", "policies/starter.yaml", "--get", "ftp://me:CANARY@127.0.0.1:1/"), ("statement", "--policy", "policies/starter.yaml", "--check", "http://me:CANARY@127.0.0.1:1/"),
        ("statement", "import", "http://me:CANARY@127.0.0.1:1/"), ("statement", "import", "ftp://me:CANARY@127.0.0.1:1/"),
        ("run", "--policy", "policies/starter.yaml", "--upstream", "http://me:CANARY@127.0.0.1:1"), ("run", "--policy", "policies/starter.yaml", "--upstream", "http://me:CANARY@127.0.0.1:x"),
    ],
)  # fmt: skip
def test_a_password_in_a_url_is_never_printed(arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert code in (2, 3) and err and "CANARY" not in out + err


COMMANDS = [[], *([name] for name in COMMAND_ROWS), ["statement", "import"], ["mitm", "path"], *(["key", name] for name in ("new", "rotate", "token"))]  # fmt: skip
VERBS = "Run|Validate|Explain|Show|Compare|Draft|Write|Report|Switch|Reload|Check|Use|Create|Print|Enforce|Add"
"""The commands' help begins with one of these."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_begins_with_a_verb(command: list[str]) -> None:
    code, out, _ = run(*command, "--help", COLUMNS="80")
    usage, first, *_ = out.split("\n\n")
    assert code == 0 and usage.startswith("Usage: cookiewarden")
    assert [line for line in out.splitlines() if len(line) > 80] == []
    assert re.match(rf"(?:{VERBS}) [^.]+\.", first.strip()), first


def test_the_list_of_commands_begins_each_line_with_a_verb() -> None:
    assert [row.help for row in COMMAND_ROWS.values() if not re.fullmatch(rf"(?:{VERBS}) .+\.", row.help)] == []
