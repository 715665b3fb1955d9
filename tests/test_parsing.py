"""Policies that another process parses: the same results, and no libraries that stay in a proxy."""

import errno
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cookiewarden import parsing
from cookiewarden.core.policy.behind_envoy import envoy_problems
from cookiewarden.core.policy.expiry import expiry_problems
from cookiewarden.files import PolicyFiles, SeveralPolicyFiles
from cookiewarden.parsing import MAX_ELSEWHERE, ParserElsewhere, ParserFailed
from tests.support.process import children, ended, free_port, ready, start_process
from tests.support.wait import eventually

CARERIX = "policies/carerix.yaml"
NOW = 1_900_000_000.0


@pytest.fixture
def parser() -> Iterator[ParserElsewhere]:
    found = ParserElsewhere()
    yield found
    found.rest()


BROKEN = """version: 1
include: [missing.yaml]
cookies:
  - {name: sid, liftime: 1h}
  - {name: sid}
"""
ENDED = "version: 1\ninject_guard: true\ncookies:\n  - {name: sid, until: 2020-01-01, reason: x, owner: y}\n"


@pytest.mark.parametrize("text", ["", BROKEN, ENDED, "cookies: [", "\xff"])
def test_another_process_has_the_same_result(parser: ParserElsewhere, tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(text.encode("latin-1"))
    name = str(path) if text else CARERIX
    checks = partial(expiry_problems, now=NOW), envoy_problems
    here, elsewhere = PolicyFiles(name).reload(checks), PolicyFiles(name, parser).reload(checks)
    assert (elsewhere.policy, elsewhere.problems) == (here.policy, here.problems)
    assert (here.policy is None) is (text not in ("", ENDED)) and (here.problems or not text)
    if here.policy is not None and elsewhere.policy is not None:
        for one, other in zip(here.policy.entries, elsewhere.policy.entries, strict=True):
            assert dict(one.places) == other.places


def test_the_files_of_a_reload_are_read_here_and_kept(parser: ParserElsewhere) -> None:
    here, elsewhere = PolicyFiles(CARERIX), PolicyFiles(CARERIX, parser)
    here.reload()
    elsewhere.reload()
    assert (elsewhere.raw, elsewhere.stamps) == (here.raw, here.stamps) and len(here.raw) > 1


def test_several_policies_are_parsed_by_one_process_that_ends(parser: ParserElsewhere) -> None:
    files = SeveralPolicyFiles(CARERIX, {"other": "policies/starter.yaml"}, parser)
    before = children(os.getpid())
    loaded = files.reload()
    assert loaded.policy is not None and set(loaded.named) == {"other"}
    assert children(os.getpid()) == before


@pytest.mark.parametrize("over", [0, 1])
def test_a_policy_above_a_size_is_parsed_here(
    parser: ParserElsewhere, tmp_path: Path, over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    spawned = parsing._Process.spawned
    monkeypatch.setattr(parsing._Process, "spawned", lambda: started.append(1) or spawned())
    text = "version: 1\ncookies: [{name: sid}]\n"
    (tmp_path / "p.yaml").write_text(text + "#" * (MAX_ELSEWHERE - len(text) - 1 + over) + "\n")
    files = PolicyFiles(str(tmp_path / "p.yaml"), parser)
    for _ in range(2):
        assert files.reload().policy is not None
    assert len(started) == (1 if over else 2)


def test_a_process_that_dies_is_an_error_and_is_replaced(parser: ParserElsewhere) -> None:
    def read(name: str) -> bytes:
        (child,) = set(children(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        return b"version: 1\n"

    before = set(children(os.getpid()))
    with pytest.raises(ParserFailed, match="ended unexpectedly"):
        parser.load("p.yaml", read)
    assert parser.load("p.yaml", lambda name: b"version: 1\ncookies: [{name: sid}]\n").policy is not None


def test_a_process_that_cannot_be_started_now_is_an_error(
    parser: ParserElsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_memory(*words: object, **options: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(parsing.subprocess, "Popen", without_memory)
    with pytest.raises(ParserFailed, match="cannot be started: resource temporarily unavailable"):
        PolicyFiles(CARERIX, parser).reload()


def test_if_processes_are_forbidden_policies_are_parsed_here(
    parser: ParserElsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert PolicyFiles(CARERIX, parser).reload().policy is not None


def test_a_fork_parses_while_the_process_does_other_work() -> None:
    # A process, because the tests have threads.
    program = """
from cookiewarden.parsing import ParserElsewhere
import sys
parser = ParserElsewhere()
with parser.forked():
    loaded = parser.load("p.yaml", lambda name: b"version: 1\\ncookies: [{name: sid}]\\n")
print(loaded.policy.entries[0].name, "pydantic" in sys.modules, "yaml" in sys.modules)
"""
    assert ended(sys.executable, "-c", program).stdout == "sid False False\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_proxy_keeps_no_library_of_the_parser(tmp_path: Path, workers: int) -> None:
    # A process, because only its memory shows this.
    policy, admin = tmp_path / "p.yaml", free_port()
    policy.write_text("version: 1\ncookies: [{name: sid, purpose: x}]\n")
    words = f"run --policy {policy} --upstream http://127.0.0.1:9 --listen 127.0.0.1:0 --admin 127.0.0.1:{admin} --workers {workers}"
    with start_process(*words.split()) as proxy:
        try:
            assert eventually(lambda: ready(admin) == 200)
            policy.write_text("version: 1\ncookies: [{name: sid, purpose: x}, {name: basket, purpose: x}]\n")
            assert eventually(lambda: b"basket" in urllib.request.urlopen(f"http://127.0.0.1:{admin}/").read())
            for pid in (proxy.pid, *children(proxy.pid)):
                mapped = Path(f"/proc/{pid}/maps").read_text()
                assert "_pydantic_core" not in mapped and "_yaml" not in mapped
        finally:
            proxy.send_signal(signal.SIGTERM)
            assert proxy.wait(20) == 0
