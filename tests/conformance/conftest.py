"""The wire suite runs against cookiewarden, and also against each proxy given with `--proxy`:

    pytest tests/conformance --proxy cookiewarden --proxy nginx --proxy haproxy --proxy envoy
    pytest tests/conformance --proxy mine=127.0.0.1:8080 --origin-port 9000

A test that another proxy does not pass is not a failure: the table at the end shows the difference.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.peers import OURS, PEERS, started, version
from tests.conformance.wire import Differs, ScriptedOrigin, Wire

RESULTS = pytest.StashKey["Results"]()
WIRE = "wire"
"""Name of the property of a report that has a result. Properties also come from the processes of pytest-xdist."""


class Results:
    """The results of all proxies."""

    def __init__(self) -> None:
        self.table: dict[str, dict[str, str]] = {}
        """The result of each proxy, by sentence."""
        self.why: dict[str, str] = {}
        """The reason for a difference, by sentence."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name != WIRE:
                continue
            row, proxy, cell, why = value
            cells = self.table.setdefault(row, {})
            if cells.get(proxy, "ok") == "ok":  # keeps the first difference of a sentence with several variants
                cells[proxy] = cell
            self.why[row] = why


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wire")
    group.addoption("--proxy", action="append", help=f"one of {', '.join(PEERS)}, or NAME=HOST:PORT")
    group.addoption("--origin-port", type=int, default=0, help="port of the origin of a running proxy")


def proxies(config: pytest.Config) -> list[str]:
    return config.getoption("--proxy", default=None) or [OURS]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RESULTS] = results = Results()
    config.pluginmanager.register(results)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "wire" in metafunc.fixturenames:
        metafunc.parametrize("wire", proxies(metafunc.config), indirect=True, scope="session")


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Wire]]:
    """The proxies that are running."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(wires := Wires(stack, tmp_path_factory.mktemp("wire"), request.config)))
        yield wires


class Wires(dict[str, Wire]):
    def __init__(self, stack: contextlib.ExitStack, folder: Path, config: pytest.Config) -> None:
        super().__init__()
        self.stack, self.folder, self.config = stack, folder, config

    def __missing__(self, proxy: str) -> Wire:
        name, _, address = proxy.partition("=")
        if address:
            origin = ScriptedOrigin(self.config.getoption("--origin-port"))
            port = int(address.rpartition(":")[2])
        else:
            origin = ScriptedOrigin()
            port = self.stack.enter_context(started(name, self.folder, origin.port))
        self[proxy] = Wire(name, port, origin)
        return self[proxy]

    def close(self) -> None:
        for wire in self.values():
            wire.origin.close()


@pytest.fixture
def wire(request: pytest.FixtureRequest, running: dict[str, Wire]) -> Wire:
    name = request.param
    if "=" not in name and not version(name):
        pytest.skip(f"{name} is not installed")
    return running[name]


@pytest.fixture
def ours(running: dict[str, Wire]) -> Wire:
    """cookiewarden, for tests that do not apply to other proxies."""
    return running[OURS]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = yield
    spec = getattr(item, "callspec", None)
    if spec is None or "wire" not in spec.params or report.when != "call":
        return report
    proxy = spec.params["wire"].partition("=")[0]
    row = _sentence(item, spec.params)
    error = call.excinfo.value if call.excinfo else None
    cell = "ok" if error is None else error.seen if isinstance(error, Differs) else type(error).__name__
    why = getattr(spec.params.get("case"), "why", "") or item.function.__doc__ or ""
    report.user_properties.append((WIRE, (row, proxy, cell, why)))
    if error is not None and proxy != OURS:
        report.outcome, report.wasxfail = "skipped", "another proxy; see the table"
    return report


def _sentence(item: pytest.Item, params: dict[str, object]) -> str:
    """Return a case's sentence, or a test's name and its parameters."""
    case = params.get("case")
    if hasattr(case, "sentence"):
        return case.sentence
    name = item.originalname.removeprefix("test_").replace("_", " ")
    ids = item.nodeid.partition("[")[2].rstrip("]").replace(str(params["wire"]), "").strip("-")
    return f"{name}: {ids}" if ids else name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    names = [name.partition("=")[0] for name in proxies(config)]
    results = config.stash[RESULTS]
    table = results.table
    if len(names) < 2 or not table:
        return
    write = terminalreporter.write_line
    width = min(max(map(len, table)), 96)
    terminalreporter.section("the wire, side by side")
    write(" ".join([f"{'':<{width}}", *(f"{name:<14}" for name in names)]))
    write(" ".join([f"{'':<{width}}", *(f"{version(name) if name in PEERS else '':<14}" for name in names)]))
    for row, cells in table.items():
        write(" ".join([f"{row[:width]:<{width}}", *(f"{cells.get(name, '')[:13]:<14}" for name in names)]))
    totals = [sum(cells.get(name) == "ok" for cells in table.values()) for name in names]
    write(" ".join([f"{f'passed of {len(table)}':<{width}}", *(f"{total:<14}" for total in totals)]))
    alone = [
        row
        for row, cells in table.items()
        if len(cells) > 2 and cells.get(OURS) == "ok" and all(c != "ok" for n, c in cells.items() if n != OURS)
    ]
    if alone:
        terminalreporter.section(f"differences of {OURS} from all others, with reasons")
        for row in alone:
            write(f"{row}: {' '.join(results.why[row].split()) or 'no reason given'}")
