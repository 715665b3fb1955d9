"""Instructions per request of the workloads that run in process, counted by valgrind.

    make bench-instructions          (BENCH="--only af" for some of it, BENCH=--write to keep the figures)

Times on shared machines vary by a factor of two; instructions do not. Each figure is the difference of two runs, so that
it has no cost of the start. `instructions.json` has the last figures. A figure that is more than 2 % above them fails, if
the Python and the class of the CPU are the same. Otherwise the output reports that it compared nothing."""

import argparse
import json
import platform
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench.engine import under_valgrind
from tests.bench.inprocess import DIFFERENT, WORKLOADS

FIGURES = Path(__file__).with_suffix(".json")
FEW, MANY = DIFFERENT, 5 * DIFFERENT
TOLERANCE = 1.02
BUILDS = {"interpreted": ".venv/bin/python", "compiled": ".venv-compiled/bin/python"}


@dataclass(frozen=True)
class Class:
    """Properties that change the number of instructions of the same program."""

    python: str
    cpu: str

    @classmethod
    def of_this_machine(cls) -> "Class":
        flags = set(re.findall(r"\S+", Path("/proc/cpuinfo").read_text()))
        # valgrind offers at most AVX2, by which the C library chooses its functions.
        widest = next((flag for flag in ("avx2", "avx", "sse4_2") if flag in flags), "")
        libc = " ".join(platform.libc_ver())
        return cls(f"{platform.python_version()} {platform.python_compiler()}", f"{platform.machine()} {widest} {libc}")


def per_request(python: str, workload: str) -> int:
    with ThreadPoolExecutor(2) as pool:
        few, many = pool.map(lambda n: under_valgrind("instructions", workload, n, python), (FEW, MANY))
    return (many - few) // (MANY - FEW)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.instructions")
    parser.add_argument("--only", default="".join(WORKLOADS), metavar="LETTERS", help="workloads to count")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    here = Class.of_this_machine()
    is_same = (known.get("python"), known.get("cpu")) == (here.python, here.cpu)
    figures = known.get("figures", {}) if is_same else {}
    above = []
    print("| workload | build | instructions per request | before | ratio |\n|---|---|---|---|---|")
    for build, python in BUILDS.items():
        for workload in options.only:
            count = per_request(python, workload)
            before = figures.get(build, {}).get(workload)
            ratio = f"{count / before:.3f}" if before else ""
            print(f"| {workload} | {build} | {count:,} | {f'{before:,}' if before else ''} | {ratio} |", flush=True)
            if before and count > TOLERANCE * before:
                above.append(f"{workload}, {build}")
            if options.write:
                figures.setdefault(build, {})[workload] = count
    if options.write:
        FIGURES.write_text(json.dumps({"python": here.python, "cpu": here.cpu, "figures": figures}, indent=2) + "\n")
    elif not is_same:
        print(f"not compared: the figures are of {known.get('python')}, {known.get('cpu')}; this is {here}")
    if above and not options.write:
        print(f"more than 2 % above the figures of {FIGURES.name}: {'; '.join(above)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
