"""Several workers: spread, killed, replaced, restarted, reloaded; one scrape, and counters that never decrease."""

import contextlib
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.client import CLOSE, Client, ask, get
from tests.support.load import Load
from tests.support.origin import OriginConnection
from tests.support.process import children, start_process
from tests.support.proxy import POLICY, accepts, running, tell
from tests.support.wait import PATIENCE, eventually

SETS = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: other=CANARY\r\nContent-Length: 2\r\n\r\nok"
OTHER = POLICY.replace("name: sid", "name: other")
ANSWERED = 'cookiewarden_requests_total{code_class="2xx",method="GET"}'
REWRITTEN = 'cookiewarden_cookies_total{action="rewrite",cookie="sid",direction="response"}'


def names_set(port: int) -> list[bytes]:
    return re.findall(rb"Set-Cookie: (\w+)", ask(port, get(b"/", CLOSE)))


def test_one_scrape_covers_all_workers() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        assert len(proxy.children()) == 2
        for _ in range(40):
            assert names_set(proxy.port) == [b"sid"]
        found = proxy.scrape()
        assert (found[ANSWERED], found[REWRITTEN], found["cookiewarden_workers"]) == (40, 40, 2)
        assert found["cookiewarden_request_duration_seconds_count"] == 40
        for pid in proxy.children():  # it includes the workers
            assert found["process_resident_memory_bytes"] > proxy.rss(pid) * 1.5


def test_connections_are_spread_over_the_workers() -> None:
    with running("--workers", "2", script=SETS) as proxy, Load(proxy.port, rate=200, clients=64) as load:
        assert eventually(lambda: load.outcomes["200"] > 200)
        shares = [proxy.descriptors(pid) for pid in proxy.children()]
        assert max(shares) < 4 * min(shares), shares


def test_a_killed_worker_is_replaced_fails_only_what_was_in_flight_and_takes_nothing_from_the_counters() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        seen: list[float] = []
        with Load(proxy.port, rate=500, clients=16, keep_alive=False) as load:
            assert eventually(lambda: load.outcomes["200"] > 300)
            for _ in range(3):
                victim = proxy.children()[0]
                os.kill(victim, signal.SIGKILL)
                assert eventually(lambda victim=victim: len(proxy.children()) == 2 and victim not in proxy.children())
                until = time.monotonic() + 1
                while time.monotonic() < until:
                    found = proxy.scrape()
                    seen += [found[ANSWERED]]
        assert seen == sorted(seen)
        # Each of 16 clients had at most one request under way each time.
        assert sum(load.failed.values()) <= 3 * 16, load.failed
        assert not any(outcome.startswith("connect") for outcome in load.failed), load.failed
        assert eventually(lambda: abs(proxy.scrape()[ANSWERED] - load.outcomes["200"]) <= 3 * 16)
        assert proxy.scrape()["cookiewarden_workers_replaced_total"] == 3
        assert proxy.told.count("died: SIGKILL") == 3


def test_a_rolling_restart_refuses_no_connection() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        before = proxy.children()
        with (
            Load(proxy.port, rate=300, clients=8) as kept,
            Load(proxy.port, rate=200, clients=8, keep_alive=False) as new,
        ):
            assert eventually(lambda: kept.outcomes["200"] > 100)
            proxy.signal(signal.SIGUSR2)
            assert eventually(lambda: "replaced 2 workers" in proxy.told)
            time.sleep(0.3)
        assert (kept.failed, new.failed) == ({}, {})
        assert not set(before) & set(proxy.children())
        found = proxy.scrape()
        assert found[ANSWERED] == kept.outcomes["200"] + new.outcomes["200"]
        assert found["cookiewarden_workers_replaced_total"] == 0


def test_a_reload_reaches_every_worker_and_a_broken_one_none() -> None:
    with running("--workers", "3", script=SETS) as proxy:
        proxy.policy.write_text(OTHER)
        proxy.signal(signal.SIGHUP)
        assert eventually(lambda: proxy.scrape()['cookiewarden_config_reloads_total{result="success"}'] >= 1)
        assert {tuple(names_set(proxy.port)) for _ in range(40)} == {(b"other",)}
        proxy.policy.write_text("cookies: [{nam: x}]")
        assert eventually(lambda: proxy.scrape()["cookiewarden_config_last_reload_successful"] == 0)
        assert {tuple(names_set(proxy.port)) for _ in range(40)} == {(b"other",)}
        # a later worker has the policy in force, not the broken file
        os.kill(proxy.children()[0], signal.SIGKILL)
        assert eventually(lambda: proxy.scrape()["cookiewarden_workers_replaced_total"] == 1)
        assert eventually(lambda: proxy.told.count(" is serving (pid") == 4)
        assert {tuple(names_set(proxy.port)) for _ in range(40)} == {(b"other",)}
        counted = 'cookiewarden_cookies_total{action="rewrite",cookie="other",direction="response"}'
        assert proxy.scrape()[counted] >= 120


def put_seconds(seconds: float) -> str:
    """Return a statement that sets the time in which a worker must put a policy in force."""
    return f"from cookiewarden.serve.processes import pool; pool.PUT_SECONDS = {seconds}"


def test_a_worker_that_does_not_answer_a_reload_is_stopped_and_replaced() -> None:
    with running("--workers", "2", script=SETS, before=put_seconds(2)) as proxy:
        stuck = proxy.children()[0]
        os.kill(stuck, signal.SIGSTOP)
        proxy.policy.write_text(OTHER)
        assert eventually(lambda: proxy.scrape()['cookiewarden_config_reloads_total{result="success"}'] == 1)
        assert eventually(lambda: len(proxy.children()) == 2 and stuck not in proxy.children())
        assert {tuple(names_set(proxy.port)) for _ in range(20)} == {(b"other",)}


def test_a_stuck_worker_does_not_block_a_reload_of_the_others() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        first, second = proxy.children()
        os.kill(first, signal.SIGSTOP)
        try:
            proxy.policy.write_text(OTHER)
            proxy.signal(signal.SIGHUP)
            os.kill(second, 0)
            # Connections in the queue of the stopped worker wait; the other worker answers its own.
            assert eventually(lambda: b"other" in b"".join(_some_answers(proxy.port)))
        finally:
            os.kill(first, signal.SIGCONT)
        assert eventually(lambda: proxy.scrape()['cookiewarden_config_reloads_total{result="success"}'] >= 1)
        assert {tuple(names_set(proxy.port)) for _ in range(20)} == {(b"other",)}


def _some_answers(port: int) -> list[bytes]:
    """Return the answers to ten clients within half a second."""
    found = []
    clients = [Client(port) for _ in range(10)]
    for client in clients:
        client.send(get(b"/", CLOSE))
    for client in clients:
        client.socket.settimeout(0.05)
        with contextlib.suppress(OSError):
            found.append(client.socket.recv(10_000))
        client.close()
    return found


def test_workers_that_die_young_are_replaced_slower_and_slower_but_replaced() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        for number in range(1, 4):
            os.kill(proxy.children()[0], signal.SIGKILL)
            assert eventually(lambda number=number: proxy.told.count("died: SIGKILL") == number)
            assert eventually(lambda number=number: proxy.told.count(" is serving (pid") == 2 + number)
        before = proxy.descriptors()
        os.kill(proxy.children()[0], signal.SIGKILL)
        assert eventually(lambda: proxy.told.count(" is serving (pid") == 6)
        assert proxy.descriptors() <= before
        assert names_set(proxy.port) == [b"sid"]


@pytest.mark.row(10)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_under_load_fails_no_request(workers: str) -> None:
    def script(connection) -> None:
        while True:
            if b"/slow" in connection.read_head():
                time.sleep(1)
            connection.send(SETS)

    with running("--workers", workers, "--drain-delay", "3", script=script) as proxy:
        with Load(proxy.port, rate=200, clients=8) as load, Load(proxy.port, 1, 1, get(b"/slow")) as slow:
            assert eventually(lambda: load.outcomes["200"] > 100)
            time.sleep(0.3)
            proxy.signal(signal.SIGTERM)
            assert eventually(lambda: "draining" in proxy.told)
            time.sleep(0.3)
            assert accepts(proxy.port)  # for the time of drain_delay
            load._stop.set()
            slow._stop.set()
        assert (load.failed, slow.failed) == ({}, {})
        assert proxy.process.wait(PATIENCE) == 0
        assert not accepts(proxy.port)
        assert "0 requests aborted" in proxy.told and "died" not in proxy.told


def test_a_second_signal_ends_all_workers_at_once() -> None:
    def script(connection) -> None:
        connection.read_head()
        time.sleep(PATIENCE)

    with running("--workers", "2", "--drain-timeout", "600", script=script) as proxy, Load(proxy.port, 1, 1):
        assert eventually(lambda: proxy.scrape()["cookiewarden_requests_in_flight"] == 1)
        proxy.signal(signal.SIGTERM)
        time.sleep(0.5)
        proxy.signal(signal.SIGTERM)
        assert proxy.process.wait(PATIENCE) == 0
        assert "1 request aborted" in proxy.told


def test_workers_do_not_outlive_a_supervisor_that_was_killed() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        workers = proxy.children()
        proxy.process.kill()
        assert eventually(lambda: not any(_alive(pid) for pid in workers))
        assert not accepts(proxy.port)
        proxy.process.wait(PATIENCE)
        proxy.process.returncode = 0  # it was killed by this test


def _is_worker(pid: int) -> bool:
    """Return whether the process is a worker by now, and no longer a copy of its supervisor."""
    return b"cookiewarden.serve.processes.child" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_that_is_busy_when_its_supervisor_is_killed_ends_too() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        workers = proxy.children()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        proxy.policy.write_text(OTHER)
        proxy.signal(signal.SIGHUP)
        time.sleep(1)
        proxy.process.kill()
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        assert eventually(lambda: not any(_alive(pid) for pid in workers))
        proxy.process.wait(PATIENCE)
        proxy.process.returncode = 0


def slow(connection: OriginConnection) -> None:
    while True:
        connection.read_head()
        time.sleep(1.5)
        connection.send(SETS)


@pytest.mark.row(10)
def test_a_signal_to_every_process_of_the_group_drains() -> None:
    """Send the signal as a service manager does: to the supervisor and to each worker."""
    with running("--workers", "2", script=slow) as proxy:
        clients = [Client(proxy.port) for _ in range(6)]
        for client in clients:
            client.send(get(b"/", CLOSE))
        assert eventually(lambda: proxy.scrape()["cookiewarden_requests_in_flight"] == 6)
        for pid in [proxy.process.pid, *proxy.children()]:
            os.kill(pid, signal.SIGTERM)
        assert all(client.read_all().endswith(b"ok") for client in clients)
        for client in clients:
            client.close()
        assert proxy.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2, signal.SIGINT])
def test_workers_ignore_signals_that_the_supervisor_handles(number: signal.Signals) -> None:
    with running("--workers", "2", script=SETS) as proxy:
        workers = proxy.children()
        for pid in workers:
            os.kill(pid, number)
        assert {tuple(names_set(proxy.port)) for _ in range(20)} == {(b"sid",)}
        assert proxy.children() == workers


def test_a_worker_that_dies_of_a_signal_without_a_name_is_replaced() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        os.kill(proxy.children()[0], signal.SIGRTMIN + 1)
        assert eventually(lambda: proxy.told.count(" is serving (pid") == 3)
        assert "died: signal 35" in proxy.told


def test_a_worker_that_dies_during_a_reload_does_not_fail_it() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        victim = proxy.children()[0]
        os.kill(victim, signal.SIGSTOP)
        proxy.policy.write_text(OTHER)
        proxy.signal(signal.SIGHUP)
        time.sleep(1)
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: proxy.told.count(" is serving (pid") == 3)
        found = proxy.scrape()
        assert found["cookiewarden_config_last_reload_successful"] == 1
        assert found['cookiewarden_config_reloads_total{result="failure"}'] == 0
        assert {tuple(names_set(proxy.port)) for _ in range(20)} == {(b"other",)}


def test_a_stuck_worker_does_not_block_the_next_reload_of_the_others() -> None:
    with running("--workers", "2", script=SETS, before=put_seconds(300)) as proxy:
        stuck = proxy.children()[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            for text in (OTHER, POLICY, OTHER):
                proxy.policy.write_text(text)
                proxy.signal(signal.SIGHUP)
                name = b"other" if text is OTHER else b"sid"
                assert eventually(lambda name=name: any(name in a for a in _some_answers(proxy.port)))
        finally:
            os.kill(stuck, signal.SIGCONT)
        assert eventually(lambda: {tuple(names_set(proxy.port)) for _ in range(20)} == {(b"other",)})
        assert proxy.scrape()["cookiewarden_workers_replaced_total"] == 0  # it answered in time


def test_a_signal_ends_a_start_that_does_not_come_to_an_end(tmp_path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY + "".join(f"  - {{name: c{n}}}\n" for n in range(5_000)))
    flags = ("--workers", "2", "--listen", "0", "--admin", "0")
    process = start_process("run", "--policy", str(tmp_path / "p.yaml"), "--upstream", "http://127.0.0.1:1", *flags)
    assert eventually(lambda: len([pid for pid in children(process.pid) if _is_worker(pid)]) == 2)
    for pid in children(process.pid):
        os.kill(pid, signal.SIGSTOP)
    for early in (signal.SIGHUP, signal.SIGUSR2):  # there is nothing yet to reload or to replace
        process.send_signal(early)
    time.sleep(0.2)
    process.terminate()
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in error and "exception" not in error and "restart" not in error


def test_restarts_that_are_asked_for_during_one_are_that_one() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        for _ in range(5):
            proxy.signal(signal.SIGUSR2)
            time.sleep(0.05)
        assert eventually(lambda: "replaced 2 workers" in proxy.told)
        time.sleep(1)
        assert proxy.told.count(" is serving (pid") == 4


def test_a_failed_start_is_reported_once(tmp_path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    flags = ("--workers", "2", "--tls-cert", "none.pem", "--listen", "0", "--admin", "0")
    process = start_process("run", "--policy", str(tmp_path / "p.yaml"), "--upstream", "http://127.0.0.1:1", *flags)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert error.count('--tls-cert "none.pem" cannot be used: no such file or directory') == 1
    assert "Traceback" not in error


def test_an_address_that_is_taken_is_not_shared_unseen(tmp_path) -> None:
    with running("--workers", "2", script=SETS) as proxy:
        flags = ("--workers", "2", "--listen", str(proxy.port), "--admin", "0")
        second = start_process("run", "--policy", str(proxy.policy), "--upstream", proxy.origin.upstream.url, *flags)
        _, error = second.communicate(timeout=PATIENCE)
        assert second.returncode == 3 and "address already in use" in error


def test_log_lines_name_their_worker() -> None:
    with running("--workers", "2", script=SETS) as proxy:
        proxy.signal(signal.SIGTERM)
        assert proxy.process.wait(PATIENCE) == 0
        for worker in (0, 1):
            assert f'"worker": {worker}, "message": "stopped' in proxy.told


def test_a_worker_that_dies_during_a_query_does_not_delay_it(token: str) -> None:
    with running("--workers", "2", "--admin-token-file", token, script=SETS) as proxy:
        stuck = proxy.children()[0]
        os.kill(stuck, signal.SIGSTOP)
        answer: list[int] = []

        def turn() -> None:
            answer.append(tell(f"http://127.0.0.1:{proxy.admin}", "/mode", b'{"mode": "report", "seconds": 60}')[0])

        turning = threading.Thread(target=turn)
        turning.start()
        assert eventually(lambda: "an operator switched the mode to report" in proxy.told)
        os.kill(stuck, signal.SIGKILL)
        turning.join(PATIENCE)
        assert answer == [200]
        assert eventually(lambda: proxy.told.count(" is serving (pid") == 3)
