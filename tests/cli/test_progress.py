"""Progress on a terminal, and silence in pipes."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from cookiewarden.cli import progress
from cookiewarden.cli.progress import Progress
from tests.support.command import run

HAR = '{"log": {"entries": [%s]}}'
ENTRY = (
    '{"startedDateTime": "2026-01-01T00:00:00Z", "time": 1, "request": {"method": "GET", "url": "https://shop.example/", '
    '"headers": []}, "response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "sid=1; Path=/"}]}}'
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, total: int | None, amounts: list[int], patience: float = 0.0) -> str:
    """Return the text on a terminal during some work."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(progress, "PATIENCE", patience)
        patched.setattr(sys, "stderr", terminal)
        with Progress("reading", total) as work:
            for amount in amounts:
                work.add(amount)
    return terminal.getvalue()


def test_a_bar_ends_at_all_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(monkeypatch, 10, [2] * 5)
    assert "reading" in told and "100%" in told and told.endswith("\n")


def test_work_of_unknown_size_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, None, [1, 1]) == "\rreading: 1\rreading: 2\n"


@pytest.mark.parametrize("total", [10, None])
def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    assert shown(monkeypatch, total, [10], patience=1000.0) == ""


def test_a_pipe_gets_the_same_output_however_long_the_work_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.har").write_text(HAR % ", ".join([ENTRY] * 50))
    short = run("learn", "a.har", cwd=tmp_path)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    assert run("learn", "a.har", cwd=tmp_path) == short
    assert "%" not in short[2]


def test_a_terminal_shows_how_far_a_recording_is_read(tmp_path: Path) -> None:
    """Start a process, because only a pseudo-terminal is a terminal to it."""
    (tmp_path / "a.har").write_text(HAR % ", ".join([ENTRY] * 5000))
    ours, theirs = pty.openpty()
    script = (
        "from cookiewarden.cli import progress; progress.PATIENCE = 0.0; from cookiewarden.start import main; main()"
    )
    learning = subprocess.Popen(
        [sys.executable, "-c", script, "learn", "a.har"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the end of a pseudo-terminal
        pass
    os.close(ours)
    assert learning.wait(100) == 0
    assert b"reading a.har" in shown and b"100%" in shown and b"5000 exchanges" in shown


def test_a_command_works_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        with Progress("reading", 10) as work:
            work.add(10)
