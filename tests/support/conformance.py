"""Where the shared conformance data is, when it is there: beside the checkout, or in COOKIEWARDEN_CONFORMANCE."""

import json
import os
from pathlib import Path

import pytest

CONFORMANCE = Path(
    os.environ.get("COOKIEWARDEN_CONFORMANCE", Path(__file__).resolve().parents[3] / "shared" / "conformance")
)


def cases(name: str) -> list:
    """The cases of one file, as pytest parameters; one that says so where the file is not there."""
    path = CONFORMANCE / name
    if not path.exists():
        reason = f"{name} is not beside this checkout; set COOKIEWARDEN_CONFORMANCE to its folder"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    with path.open() as lines:
        return [pytest.param(case, id=case["id"]) for case in map(json.loads, lines)]
