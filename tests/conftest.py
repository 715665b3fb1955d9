"""Fixtures for several folders, and the check that no output has a cookie value."""

import logging
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.proxy import CANARY, TOKEN, Start, starter

# On a busy machine an example may take any time, and so may making one.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")


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
