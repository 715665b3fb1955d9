"""Common parts of all models of a policy file."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from cookiewarden.core.policy.fields import Json


class StrictModel(BaseModel):
    # Validators are built at first use, because most commands use one or two of the thirteen models.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def optional(description: str, min_length: int | None = None, max_length: int | None = None) -> Any:
    """Return the field of an optional key. The lengths are of a text or a list."""
    return Field(default=None, description=description, min_length=min_length, max_length=max_length)


def no_items() -> list[Any]:
    # pydantic reads the signature of a factory. Python parses the signature of `list` from a text, in 3 ms each time.
    return []


def or_mapping(kind: str, model: type[StrictModel]) -> WithJsonSchema:
    """Return the schema of a mapping, or of the scalar that is short for it."""
    fields = model.model_fields.items()
    mapping: Json = {
        "type": "object",
        "properties": {name: {"type": "string", "description": found.description} for name, found in fields},
    }
    if required := [name for name, found in fields if found.is_required()]:
        mapping["required"] = required
    return WithJsonSchema({"oneOf": [{"type": kind}, {**mapping, "additionalProperties": False}]})
