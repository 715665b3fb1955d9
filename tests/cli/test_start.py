"""The first code that runs: closed standard streams and early signals do not crash it."""

import os
import subprocess
import sys

import pytest

from tests.support.process import ended, free_port

PROGRAM = "import os, sys\nfrom cookiewarden.start import fill_standard_descriptors\nfor fd in {closed}: os.close(fd)\nfill_standard_descriptors()\n"


@pytest.mark.parametrize("closed", [(0,), (0, 1), (0, 1, 2), (1,)])
def test_closed_standard_descriptors_are_opened(closed: tuple[int, ...]) -> None:
    check = "assert os.open(os.devnull, os.O_RDONLY) > 2\n"
    # The streams of this process are in use.
    assert ended(sys.executable, "-c", PROGRAM.format(closed=closed) + check).returncode == 0


def test_a_proxy_whose_standard_input_is_closed_ends_with_code_0() -> None:
    """Keep descriptors 0 to 2 away from the event loop, which aborts when it closes one of them."""
    words = [
        sys.executable, "-m", "cookiewarden", "run", "--policy", "policies/starter.yaml", "--upstream", "http://127.0.0.1:1",
        "--listen", f"127.0.0.1:{free_port()}", "--admin", f"127.0.0.1:{free_port()}",
    ]  # fmt: skip
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.close(0)) as proxy:
        assert proxy.stderr is not None
        for line in proxy.stderr:
            if "listening" in line:
                break
        proxy.terminate()
        rest = proxy.stderr.read()
    assert proxy.returncode == 0, rest


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- 2>&-"])
def test_a_command_that_reads_a_closed_standard_input_reads_nothing(closed: str) -> None:
    command = f'"{sys.executable}" -m cookiewarden explain --policy policies/starter.yaml - {closed}'
    ran = ended("bash", "-c", command)  # a shell closes it
    assert ran.returncode == 2 and "Traceback" not in ran.stderr
