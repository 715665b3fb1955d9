"""A process that does not serve yet: orders are kept until it does, and ending it is not a fault."""

import socket
import sys
from pathlib import Path

import pytest

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.policy import Mode
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.address import Address, parse_upstream
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.processes import child
from cookiewarden.serve.processes.channel import PolicyFilesRead
from cookiewarden.serve.processes.in_process import plane
from cookiewarden.serve.processes.serving import Serving
from cookiewarden.serve.settings import Settings
from tests.support.process import ended

ANYWHERE = Address("127.0.0.1", 0)
REPORT = Order(Mode.REPORT, 5.0)


async def test_an_order_that_comes_before_it_serves_is_kept() -> None:
    serving = Serving(Settings(), Metrics(Labels(10, True)))
    serving.turn(REPORT)
    serving.turn(REPORT, shadow=True)
    assert (serving.order, serving.shadow_order) == (REPORT, REPORT)


async def test_before_it_serves_there_is_nothing_to_take_to_count_or_to_end() -> None:
    serving = Serving(Settings(), Metrics(Labels(10, False)))
    serving.count_connections()
    serving.worker.reload_certificate()
    await serving.worker.drain()
    await serving.stop()
    await serving.worker.stop()
    assert (serving.take(), serving.is_draining) == (Observed(), False)
    assert not any(serving.metrics.counts)


def test_a_policy_that_is_not_valid_in_a_worker_is_a_fault_there() -> None:
    with pytest.raises(ValueError, match="a policy that the supervisor validated is not valid"):
        child.Preparer(Metrics(Labels(10, False)))._policy(PolicyFilesRead("p.yaml", {}, {}))


def test_a_worker_whose_supervisor_is_gone_before_it_begins_ends() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        number = theirs.fileno()
        words = [sys.executable, "-m", child.__name__, "0", *[str(number)] * 3]
        ran = ended(*words, pass_fds=[number], text=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


async def test_a_policy_with_errors_keeps_the_proxy_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("cookies: [{nam: x}]")
    files = PolicyFiles(str(path))
    upstream = parse_upstream("http://127.0.0.1:1")
    settings = Settings(policy=str(path), upstream=upstream, listen=ANYWHERE, admin=ANYWHERE)
    with pytest.raises(CannotStart, match="the policy has errors"):
        await plane(settings, files).live(files.load())
