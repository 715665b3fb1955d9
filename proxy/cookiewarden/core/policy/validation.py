"""Conversion of pydantic's errors to problems with a place and a fix."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cookiewarden.core.policy.problem import CODES, Code, Problem
from cookiewarden.core.policy.source import Path, Source
from cookiewarden.core.policy.wording import did_you_mean, kind_of, quote

_TYPES = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}
_EMPTY = {
    "too_short": "the list is empty; add an item, or remove the key",
    "string_too_short": "the text is empty; write a text, or remove the key",
}
_CHOICES = ("enum", "literal_error")
_KEY = re.compile(r"[A-Za-z_-]{1,30}")


def problem_of(source: Source, detail: ErrorDetails, model: type[BaseModel], has_values: bool = False) -> Problem:
    """Return the problem for one of pydantic's errors in a file that was validated by `model`.

    In a file with values of cookies (`has_values`), an unknown key may be part of a value. It is shown only if it
    looks like a key.
    """
    path: Path = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(source, path, model, has_values)
    if detail["type"] == "missing":
        return source.problem_at_value(Code.MISSING_KEY, path[:-1], f'the key "{path[-1]}" is missing')
    message = _message(detail)
    label = _label(path)
    label = label if not has_values or _KEY.fullmatch(label) else ""
    message = f"{label}: {message}" if label else message
    if detail["type"] == "too_long":  # mark the first item above the maximum
        found, most = detail["input"], detail["ctx"]["max_length"]
        if isinstance(found, dict):
            return source.problem_at_key(_code(detail), (*path, list(found)[most]), message)
        path = (*path, most)
    return source.problem_at_value(_code(detail), path, message)


def _unknown_key(source: Source, path: Path, model: type[BaseModel], has_values: bool) -> Problem:
    key = str(path[-1])
    is_shown = not has_values or _KEY.fullmatch(key)
    shown = f'"{key}"' if is_shown else "(not shown, because it may contain a value)"
    message = f"unknown key {shown}{did_you_mean(key, keys_at(path, model))}"
    return source.problem_at_key(Code.UNKNOWN_KEY, path, message)


def _code(detail: ErrorDetails) -> Code:
    return Code.WRONG_VALUE if detail["type"] in (*_CHOICES, "too_long") else CODES.get(detail["type"], Code.WRONG_TYPE)


def _message(detail: ErrorDetails) -> str:
    kind, found = detail["type"], detail["input"]
    if kind in _EMPTY:
        return _EMPTY[kind]
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}, found {kind_of(found)}"
    if kind in _CHOICES:
        words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return f"found {quote(found)}{did_you_mean(str(found), words)}"
    if kind == "too_long":
        return f"at most {detail['ctx']['max_length']:,} items are allowed, found {len(found):,}; remove some"
    return detail["msg"]


def _label(path: Path) -> str:
    """Return the key that the problem concerns, for the message."""
    return next((str(part) for part in reversed(path) if isinstance(part, str) and part != "[key]"), "")


def keys_at(path: Path, model: type[BaseModel]) -> list[str]:
    """Return the keys that are valid in the place of an unknown one."""
    current: Any = model
    for part in path[:-1]:
        fields = getattr(current, "model_fields", {})
        if part in fields:
            current = _inner_model(fields[part].annotation)
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _inner_model(annotation: Any) -> Any:
    """Return the model inside `list[Model]`, `dict[str, Model]`, `Model | None` or an annotated type."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)
