"""Rules for every command: the destination of its output, and secrets that it never prints."""

import os
import subprocess
import sys

import pytest

from tests.support.command import ROOT, run
from tests.support.process import ended

# A process has standard streams of its own to lose.
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


def test_a_reader_that_goes_away_is_no_fault() -> None:
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
