"""What do all models of a policy file have in common?"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from cookiewarden.core.policy.fields import Json


class StrictModel(BaseModel):
    # A validator is built when it is first used: most commands use one or two of the thirteen models.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def optional(description: str, min_length: int | None = None) -> Any:
    """A key that may be left out."""
    return Field(default=None, description=description, min_length=min_length)


def no_items() -> list[Any]:
    # pydantic reads the signature of a factory; that of `list` is parsed from a text, for 3 ms each time.
    return []


def or_mapping(kind: str, model: type[StrictModel]) -> WithJsonSchema:
    """The schema of a scalar that stands for a mapping, or the mapping."""
    fields = model.model_fields.items()
    mapping: Json = {
        "type": "object",
        "properties": {name: {"type": "string", "description": found.description} for name, found in fields},
    }
    if required := [name for name, found in fields if found.is_required()]:
        mapping["required"] = required
    return WithJsonSchema({"oneOf": [{"type": kind}, {**mapping, "additionalProperties": False}]})
