"""The most expensive heads through a running proxy, each as a multiple of a request of the six-cookie workload.

    python -m tests.bench.live_heads [--only TEXT]

`heads.py` measures the computation alone. This module measures the CPU time of a running process, with the event loop
and the kernel, on both sides of the ratio. Other requests wait for that time. It takes two minutes.
"""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from cookiewarden.keys import create
from tests.bench.heads import CASES, OK, Case, asked
from tests.bench.inprocess import WORKLOADS
from tests.bench.policy import policy
from tests.bench.rig import process_cpu
from tests.support.process import free_port, start_process
from tests.support.wait import PATIENCE

BAR = 200
CONNECTIONS = 32
REQUESTS = 100
"""Requests of the workload on each connection."""
REPEATS = 7
LARGEST = 1 << 20


class Running:
    """A proxy, its origin in this process, and the answer that the origin gives to the next requests."""

    def __init__(self, listen: int, pid: int) -> None:
        self.listen, self.pid, self.answer = listen, pid, OK

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer)
                await writer.drain()
        writer.close()

    async def send(self, ask: bytes, times: int = 1) -> None:
        """Send a request several times on one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listen, limit=LARGEST)
        for _ in range(times):
            writer.write(ask)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r")[0] or 0))
        writer.close()
        await writer.wait_closed()

    async def cost(self, case: Case) -> float:
        """Return the CPU seconds of a head: the least of several, because other load only adds time."""
        best = float("inf")
        for number in range(REPEATS):
            ask, self.answer = case.heads(number)
            before = process_cpu(self.pid)
            await self.send(ask)
            await asyncio.sleep(0.01)  # until the proxy has closed the connection
            best = min(best, process_cpu(self.pid) - before)
        return best

    async def ordinary(self) -> float:
        """Return the CPU seconds of a request of the six-cookie workload: the least of several rounds."""
        best = float("inf")
        workload = WORKLOADS["a"]
        self.answer = b"".join(workload.answer(1))
        for _ in range(REPEATS):
            before = process_cpu(self.pid)
            await asyncio.gather(*(self.send(workload.ask(1), REQUESTS) for _ in range(CONNECTIONS)))
            best = min(best, process_cpu(self.pid) - before)
        return best / REQUESTS / CONNECTIONS


@contextlib.asynccontextmanager
async def running(text: str, seals: bool = False) -> AsyncIterator[Running]:
    with tempfile.TemporaryDirectory() as name:
        folder, listen = Path(name), free_port()
        (folder / "policy.yaml").write_text(text)
        create(folder / "seal.key")
        found = Running(listen, 0)
        origin = await asyncio.start_server(found.serve, "127.0.0.1", 0, limit=LARGEST)
        port = origin.sockets[0].getsockname()[1]
        keys = ["--seal-key-file", str(folder / "seal.key")] if seals else []
        with (folder / "log").open("w") as log:
            process = start_process(
                *("run", "--policy", str(folder / "policy.yaml"), "--upstream", f"http://127.0.0.1:{port}"),
                *(
                    "--listen",
                    f"127.0.0.1:{listen}",
                    "--admin",
                    f"127.0.0.1:{free_port()}",
                    "--access-log",
                    "off",
                    *keys,
                ),
                output=log,
            )
        found.pid = process.pid
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with contextlib.suppress(ConnectionError):
                        await found.send(asked())  # everything that is made only once exists now
                        break
                    if process.poll() is not None:
                        raise SystemExit((folder / "log").read_text())
                    await asyncio.sleep(0.05)
            yield found
        finally:
            process.kill()
            process.wait()
            origin.close()


async def main(only: str) -> None:
    async with running(policy()) as proxy:
        one = await proxy.ordinary()
    print(f"a request of the six-cookie workload: {one * 1e6:.1f} us of CPU with the kernel; bar {BAR}\n")
    found = []
    for case in CASES:
        if only in case.name:
            async with running(case.policy, case.seals) as proxy:
                found.append((await proxy.cost(case) / one, case.name))
    for ratio, name in sorted(found, reverse=True):
        print(f"{ratio:8.1f}  {name}{f'  OVER {BAR}' if ratio > BAR else ''}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run the cases whose name has this text")
    asyncio.run(main(parser.parse_args().only))
