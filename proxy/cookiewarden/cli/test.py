"""`cookiewarden test`, which runs policy tests."""

import fnmatch
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import click

from cookiewarden.cli.policies import exit_code, print_problems
from cookiewarden.cli.progress import Progress
from cookiewarden.cli.usage import FILE, refuse_empty
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.policy.problem import (
    Code,
    Place,
    Pos,
    Problem,
    Severity,
    counted,
    in_order,
    printable,
    render_line,
)
from cookiewarden.files import PolicyFiles, read
from cookiewarden.keys import throw_away
from cookiewarden.tools.annotations.annotation import FAILED, NOT_COVERED, PROBLEMS, Annotation, at_file, of_problem
from cookiewarden.tools.annotations.github import github, without_commands
from cookiewarden.tools.annotations.gitlab import gitlab
from cookiewarden.tools.annotations.sarif import sarif
from cookiewarden.tools.test.cases import Result, read_cases, run_cases, uncovered

WATCH_SECONDS = 0.5
ONLY_REPORTS = (
    "the policy is in report mode, which changes no header; to test its enforcement, add mode: enforce to the case"
)


@dataclass
class Suite:
    """Result of one test file."""

    path: str
    results: list[Result] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    entries: int = 0
    only_reports: bool = False
    """True if a case runs in the report mode of the policy, which changes no header."""
    watched: set[Path] = field(default_factory=set)

    @property
    def failed(self) -> int:
        return sum(not result.passed for result in self.results)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE)
@click.option(
    "--only",
    "-k",
    metavar="PATTERN",
    multiple=True,
    help="Run only cases whose name contains the text or matches the glob ('*logout*'). Can be given several times.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github", "gitlab", "sarif"]),
    default="text",
    show_default=True,
    help="Output format. github annotates a pull request, gitlab is a Code Quality report, and sarif is a log for code "
    "scanning.",
)
@click.option("--watch", is_flag=True, help="Run again when a policy or a test file changes.")
@click.option("--strict", is_flag=True, help="Exit 1 also if an entry is not covered by a case.")
def test(paths: tuple[str, ...], only: tuple[str, ...], form: str, watch: bool, strict: bool) -> int:
    """Run policy tests. PATHS are test files, or folders with files named *.test.yaml.

    A test file names a policy and has cases: headers and the headers expected after enforcement. Cases run on the
    engine of the proxy. A sealed value is written as <sealed>. Cookie values are not printed, only their length.

    Exit codes: 0 all cases pass, 1 a case fails or a file has errors, 2 wrong usage, 3 a file cannot be read."""
    refuse_empty(paths)
    while True:
        files = [file for path in paths for file in test_files(Path(path))]
        if not files:
            raise click.UsageError(f"no test files (*.test.yaml) in {', '.join(paths)}")
        suites = _run_all(files, only)
        if only and not any(suite.results or suite.problems for suite in suites):
            raise click.UsageError(f"--only: no case matches {', '.join(only)}")
        must_cover = strict and not only
        click.echo(FORMATS[form](suites, must_cover), nl=False)
        if not watch:
            return _code(suites, must_cover)
        _wait_for_change({path for suite in suites for path in suite.watched})
        click.echo("")


def test_files(path: Path) -> list[Path]:
    """List the test files of a path: the file, or all *.test.yaml and *.test.yml below the folder."""
    if not os.path.isdir(path):
        return [path]
    return sorted(p for end in ("yaml", "yml") for p in path.rglob(f"*.test.{end}") if p.is_file())


def _run_all(files: list[Path], only: tuple[str, ...]) -> list[Suite]:
    suites = []
    with Progress("running tests", len(files)) as progress:
        for file in files:
            suites.append(run_suite(file, only))
            progress.add()
    return suites


def run_suite(path: Path, only: tuple[str, ...]) -> Suite:
    """Run the cases of one file."""
    suite = Suite(str(path), watched={path})
    raw, _ = read(Path(path).resolve().parent, Path(path).resolve().name)
    if not isinstance(raw, bytes):
        suite.problems.append(Problem(Code.UNREADABLE, Place(str(path), Pos()), raw.message))
        return suite
    cases = read_cases(str(path), raw)
    suite.problems += in_order(cases.problems)
    if cases.model is None:
        return suite
    policy_path = path.parent / cases.model.policy
    files = PolicyFiles(str(policy_path))
    loaded = files.load()
    suite.watched |= {policy_path, *(policy_path.parent / name for name in files.raw)}
    if loaded.policy is None:
        place = cases.source.value_pos(("policy",))
        told = f'cannot load the policy "{cases.model.policy}"'
        suite.problems += [cases.source.problem(Code.WRONG_VALUE, place, told), *loaded.problems]
        return suite
    suite.results = run_cases(cases, _engines(loaded), time.time(), lambda name: _chosen(name, only))
    suite.uncovered = uncovered(loaded.policy, suite.results)
    suite.entries = len(loaded.policy.entries)
    suite.only_reports = loaded.policy.mode is Mode.REPORT and any(case.mode is None for case in cases.model.cases)
    return suite


class _engines:
    """Engines of a policy, made once per mode and time."""

    def __init__(self, loaded: Loaded) -> None:
        assert loaded.policy is not None  # noqa: S101 (run_suite checks it)
        self.policy = loaded.policy
        self.made: dict[tuple[Mode | None, float], Engine] = {}

    def __call__(self, mode: Mode | None, now: float) -> Engine:
        key = (mode, now)
        if key not in self.made:
            self.made[key] = Engine(self.policy, mode, now, throw_away(self.policy))
        return self.made[key]


def _chosen(name: str, only: tuple[str, ...]) -> bool:
    return not only or any(pattern in name or fnmatch.fnmatchcase(name, pattern) for pattern in only)


def _code(suites: list[Suite], strict: bool) -> int:
    code = max(exit_code(suite.problems) for suite in suites)
    failed = any(suite.failed or (strict and suite.uncovered) for suite in suites)
    return code or int(failed)


def _wait_for_change(paths: set[Path]) -> None:
    def look() -> list[object]:
        return [(p.stat().st_mtime_ns, p.stat().st_size) if p.exists() else None for p in sorted(paths)]

    before = look()
    while look() == before:
        time.sleep(WATCH_SECONDS)


# Output


def _text(suites: list[Suite], _strict: bool) -> str:
    lines: list[str] = []
    for suite in suites:
        print_problems(suite.problems)
        for result in suite.results:
            if not result.passed:
                lines += _failure(result)
        if suite.failed and suite.only_reports:
            lines += [f"{suite.path}: {ONLY_REPORTS}", ""]
        if suite.results:
            covered = suite.entries - len(suite.uncovered)
            left = f"; not covered: {', '.join(suite.uncovered[:10])}" if suite.uncovered else ""
            more = f" and {len(suite.uncovered) - 10} more" if len(suite.uncovered) > 10 else ""
            lines.append(f"{_passed(suite)}, {covered} of {counted(suite.entries, 'entry')} covered{left}{more}")
    return "".join(f"{line}\n" for line in lines)


def _failure(result: Result) -> Iterable[str]:
    yield f"FAILED {printable(result.name)}"
    for difference in result.differences:
        yield f"  {difference.place}: {difference.what}"
        yield f"    expected  {difference.expected}"
        yield f"    got       {difference.got}"
        if difference.decided is not None:
            yield f"    decided at {difference.decided}{_because(difference.why)}"
        elif difference.why:
            yield f"    reasons    {', '.join(difference.why)}"
    yield ""


def _because(why: tuple[str, ...]) -> str:
    return f" ({', '.join(why)})" if why else ""


def _json(suites: list[Suite], _strict: bool) -> str:
    told = [
        {
            "path": suite.path,
            "problems": [problem.as_json() for problem in suite.problems],
            "cases": [
                {
                    "name": result.name,
                    "place": str(result.place),
                    "passed": result.passed,
                    "differences": [
                        {
                            "place": str(d.place),
                            "what": d.what,
                            "expected": d.expected,
                            "got": d.got,
                            "decided_at": str(d.decided) if d.decided else None,
                            "reasons": d.why,
                        }
                        for d in result.differences
                    ],
                }
                for result in suite.results
            ],
            "entries": suite.entries,
            "uncovered": suite.uncovered,
        }
        for suite in suites
    ]
    return json.dumps(told, indent=2) + "\n"


def _junit(suites: list[Suite], _strict: bool) -> str:
    root = ElementTree.Element("testsuites")
    for suite in suites:
        errors = [p for p in suite.problems if p.code.severity is Severity.ERROR]
        element = ElementTree.SubElement(
            root,
            "testsuite",
            name=suite.path,
            tests=str(len(suite.results) + len(errors)),
            failures=str(suite.failed),
            errors=str(len(errors)),
        )
        for result in suite.results:
            case = ElementTree.SubElement(
                element,
                "testcase",
                name=result.name,
                classname=suite.path,
                file=result.place.path,
                line=str(result.place.pos.line),
            )
            if not result.passed:
                first = result.differences[0]
                failure = ElementTree.SubElement(
                    case, "failure", message=f"{first.what}: expected {first.expected}, got {first.got}"
                )
                failure.text = "\n".join(_failure(result))
        for problem in errors:
            case = ElementTree.SubElement(
                element,
                "testcase",
                name=str(problem.place),
                classname=suite.path,
                file=problem.place.path,
                line=str(problem.place.pos.line),
            )
            ElementTree.SubElement(case, "error", message=render_line(problem))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _annotations(suites: list[Suite], strict: bool) -> list[Annotation]:
    """Return the findings of all files. With `strict`, an entry without a case is one."""
    found: list[Annotation] = []
    for suite in suites:
        found += map(of_problem, suite.problems)
        for result in suite.results:
            for d in result.differences:
                decided = f", decided at {d.decided}" if d.decided else ""
                told = f"{result.name}: {d.what}: expected {d.expected}, got {d.got}{decided}{_because(d.why)}"
                found.append(Annotation(FAILED.severity, FAILED.code, d.place, told))
        if strict:
            found += [
                at_file(NOT_COVERED, suite.path, f'no case covers the entry "{name}"') for name in suite.uncovered
            ]
    return found


def _github(suites: list[Suite], strict: bool) -> str:
    return github(_annotations(suites, strict)) + "".join(f"{without_commands(_passed(suite))}\n" for suite in suites)


def _passed(suite: Suite) -> str:
    if not suite.results and suite.problems:
        return f"{printable(suite.path)}: not run"
    passed = len(suite.results) - suite.failed
    return f"{printable(suite.path)}: {passed} of {counted(len(suite.results), 'case')} passed"


def _gitlab(suites: list[Suite], strict: bool) -> str:
    return gitlab(_annotations(suites, strict))


def _sarif(suites: list[Suite], strict: bool) -> str:
    return sarif(_annotations(suites, strict), [*PROBLEMS, FAILED, NOT_COVERED], "test")


FORMATS: dict[str, Callable[[list[Suite], bool], str]] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
    "sarif": _sarif,
}
"""Writers of the results; the second argument is --strict."""
