"""Fuzz the parsers and the head builders: `make fuzz`, or

    python -m tests.fuzz.run --inputs 1000000 [--target request] [--seed N]
    python -m tests.fuzz.run --atheris --seconds 60        (coverage-guided, where atheris is installed)

An exception other than a refusal ends the run and prints the input. An input of more than a second, or growing memory,
ends it too.
"""

import argparse
import random
import resource
import sys
import time

from tests.fuzz.corpus import inputs, seeds
from tests.fuzz.targets import TARGETS

MAX_SECONDS = 1.0
MAX_GROWTH = 32 << 20


def rss() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def fuzz(name: str, count: int, seed: int) -> None:
    target, found = TARGETS[name], seeds()[name]
    source = inputs(found, random.Random(seed))
    slowest, before = 0.0, 0
    began = time.perf_counter()
    for number in range(count):
        if number == count // 10:  # caches are full
            before = rss()
        data = next(source)
        start = time.perf_counter()
        try:
            target(data)
        except Exception:
            print(f"{name}, seed {seed}, input {number}: {data!r}", file=sys.stderr)
            raise
        slowest = max(slowest, time.perf_counter() - start)
    grown = rss() - before
    seconds = time.perf_counter() - began
    print(
        f"{name:<9} {count:>9,} inputs in {seconds:5.0f} s, slowest {slowest * 1000:6.1f} ms, memory {grown / 1e6:+.1f} MB"
    )
    if slowest > MAX_SECONDS or grown > MAX_GROWTH:
        sys.exit(f"{name}: too slow, or memory grew")


def guided(names: list[str], seconds: int) -> None:
    """Let coverage choose the inputs. Each target has a separate process, because libFuzzer exits."""
    import subprocess
    import tempfile
    from pathlib import Path

    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            for number, seed in enumerate(seeds()[name]):
                (Path(folder) / str(number)).write_bytes(seed)
            code = f"from tests.fuzz.run import _guided; _guided({name!r}, {seconds}, {folder!r})"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            last = [line for line in done.stderr.splitlines() if "Done" in line or "ERROR" in line or "Error" in line]
            print(f"{name:<9} atheris: {' '.join(last[-1:]) or done.stderr[-300:]}")
            if done.returncode:
                sys.exit(done.stderr[-3000:])


def _guided(name: str, seconds: int, folder: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["cookiewarden"]):
        for module in [module for module in sys.modules if module.startswith(("cookiewarden", "tests.fuzz.targets"))]:
            del sys.modules[module]
        from tests.fuzz.targets import TARGETS as INSTRUMENTED
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={seconds}",
            "-timeout=5",
            "-rss_limit_mb=1024",
            f"-artifact_prefix={folder}/",
            folder,
        ],
        INSTRUMENTED[name],
    )
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="inputs for each target")
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--atheris", action="store_true")
    parser.add_argument("--seconds", type=int, default=60, help="seconds for each target, with --atheris")
    arguments = parser.parse_args()
    names = [arguments.target] if arguments.target else list(TARGETS)
    if arguments.atheris:
        guided(names, arguments.seconds)
        return
    for name in names:
        fuzz(name, arguments.inputs, arguments.seed)


if __name__ == "__main__":
    main()
