"""Published JSON Schema of a policy file, generated from the models, for editors."""

from typing import Any

from cookiewarden.core.policy.fields import Json
from cookiewarden.core.policy.models.document import PolicyModel


def json_schema() -> Json:
    """Return the JSON Schema of a policy file, in draft-07, which editors support best."""
    schema = PolicyModel.model_json_schema(ref_template="#/definitions/{model}", mode="validation")
    definitions = schema.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cookiewarden policy",
        **_tidy({key: value for key, value in schema.items() if key != "title"}),
        "definitions": _tidy(definitions),
    }


def _tidy(node: Any) -> Any:
    """Remove titles of fields, null as a choice and null defaults, which are noise in editors."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _tidy(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    choices = node.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        del node["anyOf"]
        node.pop("default", None)
        (choice,) = [choice for choice in choices if choice != {"type": "null"}]
        # draft-07 ignores keys next to a $ref, so the description wraps it.
        node |= {"allOf": [choice]} if "$ref" in choice else choice
    return node
