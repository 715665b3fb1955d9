"""The JSON Schema that editors read."""

import json
from pathlib import Path

import jsonschema
import pytest

from cookiewarden.core.policy.json_schema import json_schema
from cookiewarden.core.policy.source import parse_source
from tests.support.policies import loaded

ROOT = Path(__file__).parents[3]
SCHEMA = json_schema()


def test_the_committed_schema_is_the_one_that_the_command_prints() -> None:
    assert json.loads((ROOT / "policies" / "schema.json").read_text()) == SCHEMA


def test_it_is_draft_07_and_every_key_has_a_description() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    undescribed = []
    for name, definition in {"PolicyModel": SCHEMA, **SCHEMA["definitions"]}.items():
        undescribed += [
            f"{name}.{key}" for key, value in definition["properties"].items() if "description" not in value
        ]
    assert undescribed == []


@pytest.mark.parametrize("path", sorted(p.name for p in (ROOT / "policies").glob("*.yaml") if ".test." not in p.name))
def test_shipped_policies_are_valid_by_the_schema(path: str) -> None:
    jsonschema.validate(parse_source(path, (ROOT / "policies" / path).read_bytes()).data, SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "cookies: [{name: a, secure: maybe}]", "cookies: [{nam: a}]", "cookies: [{name: a, lifetime: 30m}]", "mode: on",
        "cookies: [{name: a, same_site: {at_least: None}}]", "undeclared: {evict: yes}", "include: [{except: [a]}]",
    ],
)  # fmt: skip
def test_schema_and_loader_refuse_the_same(text: str) -> None:
    assert loaded(text).policy is None
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parse_source("p.yaml", text.encode()).data, SCHEMA)
