"""The contents of a guard's report."""

import pytest

from cookiewarden.serve.own_pages.guard import MAX_NAME, REPORT, reported_name


@pytest.mark.parametrize("unit", [b"a", b"%61"])
@pytest.mark.parametrize("over", [0, 1])
def test_a_reported_name_is_cut_at_its_longest(unit: bytes, over: int) -> None:
    assert reported_name(REPORT + b"?" + unit * (MAX_NAME + over)) == b"a" * MAX_NAME
