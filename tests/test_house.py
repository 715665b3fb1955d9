"""The core is pure, and only the command line prints. pyproject.toml has the allowed directions of imports (`make
lint`)."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import ended

PACKAGE = Path(__file__).parents[1] / "proxy" / "cookiewarden"
FILES = sorted(PACKAGE.rglob("*.py"))

IMPURE = {
    "asyncio",
    "socket",
    "ssl",
    "os",
    "pathlib",
    "logging",
    "time",
    "random",
    "secrets",
    "subprocess",
    "threading",
}
THIRD_PARTY = {
    "yaml": ("policy/source.py",),
    "annotated_types": ("report/wire.py",),
    "pydantic": ("policy/", "report/wire.py"),
    "pydantic_core": ("policy/",),
    "publicsuffixlist": ("cookies/suffix.py",),
    "cryptography": ("engine/seal.py",),
}
"""Packages that the core may import in addition to the standard library, with the modules that may import them."""
CORE = PACKAGE / "core"
OWN = {"cookiewarden", *sys.stdlib_module_names}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_the_core_imports_only_pure_modules(path: Path) -> None:
    for module in imported(path):
        top = module.split(".")[0]
        assert top not in IMPURE
        if top not in OWN:
            rooms = THIRD_PARTY.get(top, ())
            assert str(path.relative_to(CORE)).startswith(rooms), f"{path.name} imports {module}"


TESTS = Path(__file__).parent
ROWS = {int(number) for number in re.findall(r"^\| (\d+) \|", (TESTS / "rows.md").read_text(), re.MULTILINE)}


def test_every_property_on_the_wire_has_a_test_and_every_mark_a_property() -> None:
    sources = [path.read_text() for path in TESTS.rglob("test_*.py")]
    marked = {int(number) for text in sources for number in re.findall(r"pytest\.mark\.row\((\d+)\)", text)}
    assert len(ROWS) > 30
    assert (ROWS - marked, marked - ROWS) == (set(), set())


def test_no_test_module_imports_another_one() -> None:
    """Keep shared code in `tests.support`, or beside the tests in a module without tests."""
    for path in TESTS.rglob("test_*.py"):
        for module in imported(path):
            assert not re.fullmatch(r"tests\..*\.test_\w+", module), f"{path} imports {module}"


def test_a_test_that_needs_a_process_starts_it_by_the_support() -> None:
    """Most need none: `tests.support.command` runs a command in this process."""
    for path in TESTS.rglob("test_*.py"):
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        assert "subprocess.run" not in map(ast.unparse, nodes), path


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert "print" not in names, path


def test_no_two_classes_have_one_name() -> None:
    found: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_processes_that_tests_start_run_the_package_beside_the_tests(tmp_path: Path) -> None:
    """Start a process in another folder. It must not import another checkout, through a relative PYTHONPATH or an
    environment of that checkout; run `make .venv/dev.stamp` to fix it."""
    words = [sys.executable, "-c", "import cookiewarden; print(cookiewarden.__file__)"]
    ran = ended(*words, cwd=tmp_path, check=True)
    assert Path(ran.stdout.strip()).parent == PACKAGE
