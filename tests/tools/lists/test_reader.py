"""Readers of lists, on hostile files."""

import pytest

from cookiewarden.tools.lists.listed import NoList
from cookiewarden.tools.lists.reader import list_in


@pytest.mark.parametrize("text", ["cookies: " + "[" * 50_000, "a: &a {x: 1}\nb: {<<: *a}\n", "- " * 60 + "x"])
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(NoList, match=r"nested too deeply or has merge keys, on line|not valid YAML"):
        list_in("wec", text)
