"""Return of freed memory to the system."""

import platform
import resource
from pathlib import Path

import pytest

from cookiewarden.serve.memory import return_memory

PIECES, SIZE = 50_000, 1000


def resident() -> int:
    """Return the resident octets of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked for it")
def test_memory_that_is_freed_in_small_pieces_is_returned() -> None:
    pieces = [bytes(SIZE) for _ in range(PIECES)]
    last = pieces[-1]  # memory before the last piece in use stays with the process
    pieces.clear()
    before = resident()
    return_memory()
    assert before - resident() > PIECES * SIZE / 2
    assert len(last) == SIZE
