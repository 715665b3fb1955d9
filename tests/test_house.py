"""A core that is pure, and one place that prints. The directions of imports are contracts in pyproject.toml (make lint)."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    "pydantic": ("policy/", "report/wire.py"),
    "pydantic_core": ("policy/",),
    "publicsuffixlist": ("cookies/suffix.py",),
    "cryptography": ("engine/seal.py",),
}
"""What the core may import besides the standard library, and in which of its rooms and modules."""
CORE = PACKAGE / "core"
OWN = {"cookiewarden", *sys.stdlib_module_names}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_the_core_imports_nothing_that_touches_the_world(path: Path) -> None:
    for module in imported(path):
        top = module.split(".")[0]
        assert top not in IMPURE
        if top not in OWN:
            rooms = THIRD_PARTY.get(top, ())
            assert str(path.relative_to(CORE)).startswith(rooms), f"{path.name} imports {module}"


ROWS = 35
"""Properties that the proxy has on the wire, by the design: origin down, origin slow, stale keep-alive, and so on."""


def test_every_property_on_the_wire_has_a_test() -> None:
    found: dict[int, list[str]] = {}
    for path in Path(__file__).parent.rglob("test_*.py"):
        for number in re.findall(r"pytest\.mark\.row\((\d+)\)", path.read_text()):
            found.setdefault(int(number), []).append(path.name)
    assert set(found) == set(range(1, ROWS + 1)), sorted(set(range(1, ROWS + 1)) - set(found))


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert "print" not in names, path
