"""An origin that is killed or stopped, and clients that disappear, on a small scale."""

import os
import signal
import subprocess
import sys

import pytest

from cookiewarden.serve.address import Address, Upstream
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.process import free_port
from tests.support.proxy import accepts, running
from tests.support.wait import at_rest, eventually


class KilledOrigin:
    """The fast origin of the soak tests, as a process that can be stopped and killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.upstream = Upstream(f"http://127.0.0.1:{self.port}", Address("127.0.0.1", self.port))
        self.process: subprocess.Popen
        self.begin()

    def begin(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.soak.origin", str(self.port)])
        assert eventually(lambda: accepts(self.port))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.row(4)
def test_an_origin_that_is_killed_amid_a_body_is_a_visible_cut_and_502_until_it_is_back() -> None:
    origin = KilledOrigin()
    with running(origin=origin) as proxy:
        with Client(proxy.port) as client:
            client.send(get(b"/down/100000000", CLOSE))
            head = client.read_until(b"\r\n\r\n")
            assert b"Content-Length: 100000000" in head
            origin.close()
            assert len(client.read_all()) < 100_000_000
        assert eventually(lambda: proxy.scrape()['cookiewarden_upstream_errors_total{reason="truncated"}'] == 1)
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 502
        origin.begin()
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 200


@pytest.mark.row(2)
def test_a_stopped_origin_is_a_504_and_is_used_again_automatically() -> None:
    origin = KilledOrigin()
    with running("--read-timeout", "2", origin=origin) as proxy:
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == 200
        origin.signal(signal.SIGSTOP)
        assert [status_of(ask(proxy.port, get(b"/", CLOSE))) for _ in range(2)] == [504] * 2
        origin.signal(signal.SIGCONT)
        assert eventually(lambda: status_of(ask(proxy.port, get(b"/", CLOSE))) == 200)


@pytest.mark.row(35)
def test_a_thousand_clients_that_vanish_leave_no_descriptor_behind() -> None:
    origin = KilledOrigin()
    with running("--upstream-idle-timeout", "0.3", origin=origin) as proxy:
        ask(proxy.port, get(b"/", CLOSE))
        before = at_rest(proxy.descriptors, 1)  # the idle origin connection is closed too
        for batch in range(10):
            clients = [Client(proxy.port) for _ in range(100)]
            for number, client in enumerate(clients):
                client.send([get(b"/slow"), get()[:30], get(b"/down/9000000"), get()][number % 4])
            for client in clients:
                (client.reset if batch % 2 else client.close)()
        assert eventually(lambda: proxy.descriptors() <= before), (before, proxy.descriptors())
        found = proxy.scrape()
        assert found["cookiewarden_requests_in_flight"] == 0
        assert found['cookiewarden_client_errors_total{reason="abort"}'] > 0
