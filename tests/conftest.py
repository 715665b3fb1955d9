"""Fixtures for several folders, and the check that no output has a cookie value."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.proxy import CANARY, TOKEN, Start, starter

# On a busy machine an example may take any time, and so may making one. `make test` tries the same examples at each
# run, so that a failure belongs to the change; `make fuzz` looks for new ones.
SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=SLOW, derandomize=True, database=None
)
hypothesis.settings.register_profile("search", deadline=None, suppress_health_check=SLOW, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS", "suite"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starter(tmp_path) as function:
        yield function


@pytest.fixture
def token(tmp_path: Path) -> str:
    """The path of a file with the admin token."""
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture(autouse=True)
def no_cookie_value_is_printed(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Check after each test that its logs and output lack the canary of all cookie values. `running` and `Proxy.close`
    check the output of processes, scrapes and admin pages."""
    if "serve" not in request.node.nodeid and "conformance" not in request.node.nodeid:
        yield
        return
    caplog.set_level(logging.DEBUG)
    yield
    printed = capfd.readouterr()
    for text in (caplog.text, printed.out, printed.err):
        assert CANARY not in text
