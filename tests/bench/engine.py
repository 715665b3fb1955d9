"""The cost of one decision in ns, remembered or new, by the size of the policy; instructions and allocations of one
request.

    make bench-engine            (instructions and allocations need valgrind: a Debian package)

Instructions and allocations repeat exactly; times do not. The yardstick is the least work that any proxy does with a
line: cut it at each `;` and look up one name. The cases take turns, each in a separate loop. The median of the rounds
counts.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Decision, Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.memo import SetCookieLines
from cookiewarden.keys import keyring
from tests.bench.inprocess import DIFFERENT, WORKLOADS
from tests.bench.policy import DECLARED, SET_COOKIES, policy
from tests.support.policies import policy as loaded

SIZES = (len(DECLARED), 1_000, 100_000)
NOW = 1_800_000_000.0
EXCHANGE = Exchange(b"bench.example", b"/six", https=False)
YARDSTICK = "bytes.partition + dict.get"
KNOWN, TOGETHER, NEW = "remembered", "remembered, six together", "new"
REPEATED = 10
"""Repetitions of the remembered lines in one round."""
REQUESTS = (4 * DIFFERENT, 12 * DIFFERENT)
"""The result is the difference of the two runs, which cancels the cost of the start."""

Case = Iterator[tuple[Callable[[], None], int]]
"""Yields, for each round, the function to time and the number of its decisions."""


def six(number: int) -> list[bytes]:
    """Return the six lines of a response, with values made from `number`."""
    return [(line % f"{number:032x}").encode() for line in SET_COOKIES]


def responses() -> list[list[bytes]]:
    return [six(number) for number in range(DIFFERENT)] * REPEATED


def yardstick() -> Case:
    known = {line.partition(b";")[2]: line for line in six(0)}
    many = [line for lines in responses() for line in lines]

    def run() -> None:
        get = known.get
        for line in many:
            _, _, tail = line.partition(b";")
            get(tail)

    while True:
        yield run, len(many)


def remembered(engine: Engine) -> Case:
    return judging(engine, [line for lines in responses() for line in lines])


def judging(engine: Engine, many: list[bytes]) -> Case:
    """Judge Set-Cookie lines one by one."""
    scope = engine.scope(EXCHANGE)

    def run() -> None:
        judge = engine.on_set_cookie
        for line in many:
            judge(line, scope, NOW)

    while True:
        yield run, len(many)


def together(engine: Engine) -> Case:
    """Judge the six lines of a response in one call, as the data plane does."""
    scope = engine.scope(EXCHANGE)
    many = [_set_cookie_lines(lines) for lines in responses()]

    def run() -> None:
        judge = engine.on_set_cookies
        for lines in many:
            judge(lines, scope, _clock, _raise)

    while True:
        yield run, len(many) * len(SET_COOKIES)


def _set_cookie_lines(lines: list[bytes]) -> SetCookieLines:
    shape: list[bytes] = []
    values = []
    for line in lines:
        pair, semicolon, tail = line.partition(b";")
        name, equals, value = pair.partition(b"=")
        shape += (b"\r\nSet-Cookie: ", name + equals, semicolon + tail)
        values.append(value)
    return SetCookieLines(tuple(shape), values)


def _clock() -> float:
    return NOW


def _raise(error: Exception) -> Decision:
    raise error


def new(engine: Engine) -> Case:
    """Judge lines that the engine has not seen: each has another path."""
    scope = engine.scope(EXCHANGE)
    at = 0
    while True:
        many = [
            line.replace(b"Path=/", b"Path=/%d" % number)
            for number in range(at, at + DIFFERENT)
            for line in six(number)
        ]
        at += DIFFERENT

        def run(many: list[bytes] = many) -> None:
            judge = engine.on_set_cookie
            for line in many:
                judge(line, scope, NOW)

        yield run, len(many)


SEALING = (
    "version: 1\ncookies:\n  - {name: sid, seal: true, secure: true, http_only: true}\n  - {name: a}\n  - {name: b}\n"
)


def sealed() -> Engine:
    return Engine(loaded(SEALING), keyring=keyring([bytes(32)]))


def seals(engine: Engine) -> Case:
    """Judge a Set-Cookie line and encrypt its value."""
    return judging(engine, six(0)[:1] * 2_000)


def opens(engine: Engine) -> Case:
    """Judge a Cookie header with three cookies, one of them encrypted."""
    scope = engine.scope(EXCHANGE)
    after, _ = engine.on_set_cookie(six(0)[0], scope, clock_at(NOW))
    assert after is not None
    header = b"a=1; " + after.partition(b";")[0] + b"; b=2"
    many = [header] * 2_000

    def run() -> None:
        judge = engine.on_cookies
        for value in many:
            judge(value, scope)

    while True:
        yield run, len(many)


def decisions(rounds: int) -> dict[str, list[float]]:
    """Return the ns for a decision, round by round."""
    cases: dict[str, Case] = {YARDSTICK: yardstick()}
    for size in SIZES:
        entries = loaded(policy(size))
        cases[f"{KNOWN}, {size:,}"] = remembered(Engine(entries))
        cases[f"{TOGETHER}, {size:,}"] = together(Engine(entries))
        cases[f"{NEW}, {size:,}"] = new(Engine(entries))
    cases["sealed, one value of 32 octets"] = seals(sealed())
    cases["a Cookie header of three, one sealed"] = opens(sealed())
    found: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, case in cases.items():
            run, count = next(case)
            began = time.perf_counter()
            run()
            spent = time.perf_counter() - began
            if number:  # the first one fills the memo
                found[name].append(spent / count * 1e9)
    return found


def table(found: dict[str, list[float]]) -> str:
    medians = {name: statistics.median(rounds) for name, rounds in found.items()}
    lines = [f"{'':<40}{'ns/Set-Cookie':>15}{'/ yardstick':>13}{f'/ {SIZES[0]} entries':>14}"]
    for name, ns in medians.items():
        case, _, _ = name.rpartition(", ")
        smallest = medians.get(f"{case}, {SIZES[0]}")
        small = f"{ns / smallest:.2f}" if smallest else ""
        lines.append(f"{name:<40}{ns:>15.0f}{ns / medians[YARDSTICK]:>13.2f}{small:>14}")
    return "\n".join(lines)


# Instructions and allocations

VALGRIND = {
    "instructions": (("--tool=callgrind", f"--callgrind-out-file={os.devnull}"), re.compile(r"Collected : (\d+)")),
    "allocations": (("--tool=dhat", f"--dhat-out-file={os.devnull}"), re.compile(r"Total: .* in ([\d,]+) blocks")),
}  # fmt: skip
"""Each tool with its arguments and the pattern of its count."""


def counted(what: str, workload: str) -> float:
    """Return the count for one request with its response."""
    # Makes each object one allocation: Python's own allocator takes memory for many at once.
    few, many = (under_valgrind(what, workload, requests, PYTHONMALLOC="malloc") for requests in REQUESTS)
    return (many - few) / (REQUESTS[1] - REQUESTS[0])


def under_valgrind(what: str, workload: str, requests: int, python: str = sys.executable, **environment: str) -> int:
    """Return the count of a process that serves this number of requests."""
    arguments, said = VALGRIND[what]
    told = subprocess.run(
        ["valgrind", *arguments, python, "-m", "tests.bench.inprocess", workload, str(requests)],
        env={**os.environ, "PYTHONHASHSEED": "0", **environment}, capture_output=True, text=True,
    )  # fmt: skip
    found = said.search(told.stderr)
    if told.returncode or found is None:
        sys.exit(f"valgrind failed:\n{told.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--no-valgrind", action="store_true", help="skip instructions and allocations, which take two minutes"
    )
    parser.add_argument("--json", metavar="FILE", help="write the raw rounds to this file")
    arguments = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}")
    found = decisions(arguments.rounds)
    print(table(found), flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1))
    if arguments.no_valgrind:
        return
    if not shutil.which("valgrind"):
        print("NOT MEASURED, for valgrind is not installed: instructions and allocations")
        return
    print(f"{'for a request as in':<32}{'instructions':>15}{'allocations':>13}")
    for workload in WORKLOADS:
        told = {what: counted(what, workload) for what in VALGRIND}
        print(f"{f'({workload})':<32}{told['instructions']:>15,.0f}{told['allocations']:>13.1f}")


if __name__ == "__main__":
    main()
