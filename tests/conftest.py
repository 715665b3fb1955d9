"""Fixtures that several folders use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.harness import Start, starter


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starter(tmp_path) as function:
        yield function
