"""What pydantic finds wrong with a file, as problems with a place and a message that says what would be right."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cookiewarden.core.policy.problem import CODES, Code, Problem
from cookiewarden.core.policy.schema import did_you_mean, kind_of, quote
from cookiewarden.core.policy.source import Path, Source

_TYPES = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}


_KEY = re.compile(r"[A-Za-z_-]{1,30}")


_EMPTY = {
    "too_short": "expected at least one, found an empty list; leave the key out for none",
    "string_too_short": 'expected some text, found ""',
}


def problem_of(
    source: Source, detail: ErrorDetails, model: type[BaseModel], has_values: bool = False
) -> Problem:
    """One thing that is wrong with a file that should be as `model` says. `has_values`: of cookies, which are not told; a key that is none
    may be a piece of one."""
    path: Path = tuple(detail["loc"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        key = str(path[-1])
        shown = (
            f'"{key}"' if not has_values or _KEY.fullmatch(key) else "(not shown, for it may hold a value)"
        )
        message = f"unknown key {shown}{did_you_mean(key, keys_at(path, model))}"
        return source.problem(Code.UNKNOWN_KEY, source.key_pos(path), message)
    if kind == "missing":
        pos = source.value_pos(path[:-1])
        return source.problem(Code.MISSING_KEY, pos, f'the key "{path[-1]}" is missing')
    code = CODES.get(kind, Code.WRONG_TYPE)
    message = detail["msg"]
    if kind in _EMPTY:
        message = _EMPTY[kind]
    if kind in _TYPES:
        message = f"expected {_TYPES[kind]}, found {kind_of(detail['input'])}"
    if kind in ("enum", "literal_error"):
        words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        message = f"found {quote(detail['input'])}{did_you_mean(str(detail['input']), words)}"
        code = Code.WRONG_VALUE
    label = _label(path)
    label = label if not has_values or _KEY.fullmatch(label) else ""
    return source.problem(code, source.value_pos(path), f"{label}: {message}" if label else message)


def _label(path: Path) -> str:
    """The key that a problem speaks of, for the message."""
    return next((str(part) for part in reversed(path) if isinstance(part, str) and part != "[key]"), "")


def keys_at(path: Path, model: type[BaseModel]) -> list[str]:
    """The keys that may stand where the unknown one stands."""
    current: Any = model
    for part in path[:-1]:
        fields = getattr(current, "model_fields", {})
        if part in fields:
            current = _inner_model(fields[part].annotation)
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _inner_model(annotation: Any) -> Any:
    """The model inside `list[Model]`, `dict[str, Model]`, `Model | None` or an annotated one."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)
