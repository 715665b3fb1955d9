"""The shared conformance data, in `shared/conformance` or in the folder COOKIEWARDEN_CONFORMANCE."""

import json
import os
from pathlib import Path

import pytest

CONFORMANCE = Path(
    os.environ.get("COOKIEWARDEN_CONFORMANCE", Path(__file__).resolve().parents[3] / "shared" / "conformance")
)


def cases(name: str) -> list:
    """Return the cases of one file as pytest parameters; a skipped one with the reason where the file is absent."""
    path = CONFORMANCE / name
    if not path.exists():
        reason = f"{name} is not beside this checkout; set COOKIEWARDEN_CONFORMANCE to its folder"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    with path.open() as lines:
        return [pytest.param(case, id=case["id"]) for case in map(json.loads, lines)]
