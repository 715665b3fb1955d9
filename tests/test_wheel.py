"""The files of the package that are not modules are in the wheel."""

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "proxy" / "cookiewarden"
NEEDED = {
    "tools/statement/words.yaml",
    "serve/own_pages/guard.js",
    "py.typed",
    *(
        f"pages/{name}"
        for name in ("status.html", "statement.html", "statement.md", "report.html", "report.md", "diff.md")
    ),
    *(f"pages/{name}" for name in ("statement.css", "style.css")),
}


def test_the_wheel_has_every_file_of_the_package() -> None:
    """Check the rules of Hatch, which includes each file below `packages` that git does not ignore."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert wheel["packages"] == ["proxy/cookiewarden"]
    for rules in (build, wheel):
        assert rules.keys().isdisjoint({"exclude", "include", "only-include", "ignore-vcs"})
    others = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.suffix not in ("", ".py", ".pyc", ".so")
    }
    assert others >= NEEDED
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split() if not line.startswith("#")]
    assert [
        name for name in others if any(fnmatch.fnmatch(part, rule) for part in name.split("/") for rule in ignored)
    ] == []
