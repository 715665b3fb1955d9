"""The directions of imports: cli -> serve, tools -> core, and a core that is pure."""

import ast
import re
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
    "yaml": "source",
    "pydantic": "schema document validation wire",
    "pydantic_core": "schema document validation",
    "publicsuffixlist": "suffix",
    "cryptography": "seal",
}
"""What the core may import from elsewhere, and in which modules."""
ROOMS = {
    "core": set(),
    "serve": {"core", "files", "keys", "pages"},
    "tools": {"core", "files", "keys", "pages"},
    "pages": {"core"},
    "adapters": {"core", "files", "keys"},
    "files": {"core"},
    "keys": {"core"},
    "demo": set(),
    "start": {"cli"},
}
"""For each room, the rooms it may import besides itself. `cli` may import all of them."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [p for p in FILES if room(p) == "core"], ids=lambda p: p.name)
def test_the_core_imports_nothing_that_touches_the_world(path: Path) -> None:
    for module in imported(path):
        top = module.split(".")[0]
        assert top not in IMPURE
        if top in THIRD_PARTY:
            assert path.stem in THIRD_PARTY[top].split()
        assert top not in {"aiohttp", "uvloop", "httptools", "prometheus_client", "click"}


@pytest.mark.parametrize(
    "path", [p for p in FILES if room(p) in ROOMS], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_rooms_are_entered_in_one_direction(path: Path) -> None:
    own = room(path)
    for module in imported(path):
        if module.startswith("cookiewarden."):
            other = module.split(".")[1]
            assert other == own or other in ROOMS[own], f"{path.name} imports {module}"


TESTS = Path(__file__).parent
ROWS = {int(number) for number in re.findall(r"^\| (\d+) \|", (TESTS / "rows.md").read_text(), re.MULTILINE)}
NOT_BUILT = {37}
"""Rows of what the proxy does not do yet: what it makes of `wss`, and of Forwarded (RFC 7239)."""


def test_every_property_on_the_wire_has_a_test_and_every_mark_a_property() -> None:
    sources = [path.read_text() for path in TESTS.rglob("test_*.py")]
    marked = {int(number) for text in sources for number in re.findall(r"pytest\.mark\.row\((\d+)\)", text)}
    assert len(ROWS) > 30
    assert (ROWS - marked, marked - ROWS) == (NOT_BUILT, set())


def test_no_test_module_imports_another_one() -> None:
    """What two of them need is in `tests.support`, or beside them in a module that is no test."""
    for path in TESTS.rglob("test_*.py"):
        for module in imported(path):
            assert not re.fullmatch(r"tests\..*\.test_\w+", module), f"{path} imports {module}"


def test_only_the_command_line_prints() -> None:
    for path in FILES:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert "print" not in names, path
