"""Each error of a file has its place and a fix."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cookiewarden.core.policy.problem import render_line
from cookiewarden.core.policy.source import parse_source
from cookiewarden.core.policy.validation import problem_of


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: Colour = Colour.RED
    size: Literal["small", "large"] = "small"
    in_: Annotated[int, Field(alias="in")] = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    parts: list[Inner] = []
    few: Annotated[list[int], Field(max_length=2)] = []
    named: Annotated[dict[str, int], Field(max_length=2)] = {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "name: a\nparts: [{colour: grean}]",
            '2:18: error: colour: found "grean", did you mean "green"? [wrong-value]',
        ),
        (
            "name: a\nparts: [{size: 7}]",
            "2:16: error: size: found 7, expected one of small, large [wrong-value]",
        ),
        (
            "name: a\nparts: [{im: 7}]",
            '2:10: error: unknown key "im", expected one of colour, size, in [unknown-key]',
        ),
        ("name: a\nparts: {}", "2:8: error: parts: expected a list, found a mapping [wrong-type]"),
        ("parts: []", '1:1: error: the key "name" is missing [missing-key]'),
        ("name: []", "1:7: error: name: expected text, found a list [wrong-type]"),
        (
            "name: a\nfew: [1, 2, 3, 4]",
            "2:13: error: few: at most 2 items are allowed, found 4; remove some [wrong-value]",
        ),
        (
            "name: a\nnamed:\n  a: 1\n  b: 2\n  c: 3",
            "5:3: error: named: at most 2 items are allowed, found 3; remove some [wrong-value]",
        ),
        ("- name", "1:1: error: expected a mapping, found a list [wrong-type]"),
    ],
)
def test_each_kind_of_mistake(text: str, told: str) -> None:
    source = parse_source("f.yaml", text.encode())
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(source.data)
    problems = [problem_of(source, detail, Outer) for detail in error.value.errors(include_url=False)]
    assert [render_line(problem) for problem in problems] == [f"f.yaml:{told}"]
