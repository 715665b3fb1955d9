"""Flow files of mitmproxy: recorded by a real mitmdump, used by learn, truncated, and of another format."""

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.origin import Origin, answering
from tests.support.process import free_port
from tests.support.wait import PATIENCE, eventually

pytestmark = pytest.mark.mitm

SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY; Max-Age=60\r\nSet-Cookie: tracker=CANARY\r\n\r\nok"


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three exchanges, written by mitmdump."""
    folder = tmp_path_factory.mktemp("flows")
    mitmdump = Path(sys.executable).parent / "mitmdump"
    assert mitmdump.exists() or shutil.which("mitmdump"), "make test-mitm installs mitmproxy"
    origin, port = Origin(answering(SETS)), free_port()
    process = subprocess.Popen(
        [mitmdump, "-q", "-w", folder / "flows", "--mode", f"reverse:{origin.upstream.url}", "--listen-host", "127.0.0.1",
         "--listen-port", str(port), "--set", f"confdir={folder}"],
    )  # fmt: skip

    def answers() -> bool:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/a/77", headers={"Cookie": "old=CANARY"})
            return urllib.request.urlopen(request, timeout=PATIENCE).status == 200
        except OSError:
            return False

    try:
        assert eventually(answers) and answers() and answers()
    finally:
        process.terminate()
        process.wait(PATIENCE)
        origin.close()
    return folder / "flows"


def test_learn_reads_a_recording_of_mitmdump(flows: Path) -> None:
    code, told, error = run("learn", flows)
    assert code == 0 and "flows: 3 exchanges" in error
    for line in ("- name: sid", "- name: tracker", "- name: old", "set 3 times (for 1min)", "/a/*"):
        assert line in told


def test_a_flow_file_that_is_cut_gives_what_it_has(flows: Path, tmp_path: Path) -> None:
    data = flows.read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) - 100])
    code, told, error = run("learn", tmp_path / "cut")
    assert code == 3 and "using the flows before that place" in error and "- name: sid" in told


@pytest.mark.parametrize("content", [b"5:abcde,", b"99999999999:x", b"3:1:1", b"10:7:version;4:99999#}"])
def test_a_flow_file_of_another_format_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    code, _, error = run("learn", tmp_path / "other")
    assert code == 3 and "flow file" in error
