"""Two programs as one peer: `python -m tests.bench.together JSON...`, each a command line; the second one starts when
the socket of the first exists."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(first: list[str], second: list[str], socket: str) -> int:
    processes = [subprocess.Popen(first)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while not Path(socket).exists():
            if processes[0].poll() is not None:
                return 1
            time.sleep(0.05)
        processes.append(subprocess.Popen(second))
        return processes[1].wait()
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


if __name__ == "__main__":
    sys.exit(main(*map(json.loads, sys.argv[1:4])))
