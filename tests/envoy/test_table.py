"""The table of deploy/envoy.md has the outcomes that were measured."""

from pathlib import Path

import pytest

from tests.envoy.envoys import ENVOYS
from tests.envoy.table import ROWS, measured

pytestmark = pytest.mark.envoy
DOCUMENT = Path(__file__).parents[2] / "deploy" / "envoy.md"


def documented() -> dict[str, dict[str, str]]:
    """Return the outcomes in the document, by version and exchange."""
    lines = DOCUMENT.read_text().splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("| Exchange |"))
    head, _, *rows = (line.strip("|").split("|") for line in lines[begin:] if line.startswith("|"))
    versions = [cell.strip().removeprefix("Envoy ") for cell in head[1:]]
    cells = [[cell.strip() for cell in row] for row in rows[: len(ROWS)]]
    return {version: {row[0]: row[at] for row in cells} for at, version in enumerate(versions, 1)}


@pytest.mark.parametrize("version", ENVOYS)
def test_the_table_has_the_outcomes_that_were_measured(version: str) -> None:
    assert measured(version) == documented()[version]
