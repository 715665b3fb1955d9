"""What tells pydantic that a value is what a function makes of it."""

from collections.abc import Callable
from typing import Any

from pydantic_core import CoreSchema, core_schema


class Parsed:
    """Metadata of an annotated type: its value is what `parse` returns for the written one.

    As `pydantic.PlainValidator`, which besides builds a serializer for the type; nothing here is written back.
    """

    __slots__ = ("parse",)

    def __init__(self, parse: Callable[[Any], Any]) -> None:
        self.parse = parse

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)
