"""Validation of one file of a policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import IncludedFileModel, IncludeModel, PolicyModel
from cookiewarden.core.policy.models.entry import EntryModel
from cookiewarden.core.policy.problem import Code, Pos, Problem
from cookiewarden.core.policy.source import MAX_PROBLEMS, Mark, Path, Source, rest_of_problems
from cookiewarden.core.policy.validation import problem_of

M = TypeVar("M", bound=IncludedFileModel)


@dataclass(frozen=True, slots=True)
class PolicyFile(Generic[M]):
    """A file that is valid YAML. `model` is None if its content is invalid."""

    source: Source
    model: M | None
    drafts: list[EntryDraft]
    """The valid entries, even if other parts of the file are invalid."""
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Include:
    """An item of the include list."""

    index: int
    model: IncludeModel


def read_policy_file(model: type[M], source: Source) -> PolicyFile[M]:
    """Validate a file as the main file of a policy, or as an included file."""
    if source.is_unreadable:
        return PolicyFile(source, None, [], [])
    data = _names_as_written(source)
    try:
        valid = model.model_validate(data)
    except ValidationError as error:
        details = _first_details(error, data, model)
        problems = [_problem(source, detail, model) for detail in details[:MAX_PROBLEMS]]
        if more := error.error_count() - len(problems):
            pos = problems[-1].place.pos if problems else Pos()
            problems.append(rest_of_problems(source, pos, more))
        return PolicyFile(source, None, list(_valid_drafts(source)), problems)
    drafts = [EntryDraft(entry, source, mark) for entry, mark in zip(valid.cookies, _marks(source), strict=True)]
    return PolicyFile(source, valid, drafts, [])


MAX_MEMBERS = MAX_PROBLEMS + 50
"""Members of a mapping or list that are validated, if a file has thousands of problems: more than have valid keys."""


def _first_details(error: ValidationError, data: Any, model: type[IncludedFileModel]) -> list[ErrorDetails]:
    """Return pydantic's errors, or the first ones of thousands, which are never all made."""
    if error.error_count() <= MAX_PROBLEMS:
        return error.errors(include_url=False)
    entries = data["cookies"] if isinstance(data.get("cookies"), list) else []
    known = sorted(data, key=lambda key: key not in model.model_fields)
    found = _errors_of(model, _cut({key: data[key] for key in known}) | ({"cookies": []} if entries else {}))
    for index, entry in enumerate(entries):
        if len(found) > MAX_PROBLEMS:
            break
        for detail in _errors_of(EntryModel, _cut(entry)):
            detail["loc"] = ("cookies", index, *detail["loc"])
            found.append(detail)
    return found


def _errors_of(model: type[BaseModel], data: Any) -> list[ErrorDetails]:
    try:
        model.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _cut(value: Any) -> Any:
    """Return a value whose mappings and lists have their first members only."""
    if isinstance(value, dict):
        return {key: _cut(one) for key, one in islice(value.items(), MAX_MEMBERS)}
    if isinstance(value, list):
        return [_cut(one) for one in islice(value, MAX_MEMBERS)]
    return value


def includes_of(main: PolicyFile[PolicyModel]) -> Iterator[Include]:
    """Yield the include list, even if other parts of the file are invalid."""
    if main.model is not None:
        yield from (Include(index, item) for index, item in enumerate(main.model.include))
        return
    for index, item in enumerate(listed(main.source, "include")):
        try:
            yield Include(index, IncludeModel.model_validate({"file": item} if isinstance(item, str) else item))
        except ValidationError:
            continue


def listed(source: Source, key: str) -> list[Any]:
    """Return the list under a key of the file, or an empty list."""
    found = source.data.get(key) if isinstance(source.data, dict) else None
    return found if isinstance(found, list) else []


def _valid_drafts(source: Source) -> Iterator[EntryDraft]:
    for data, mark in zip(listed(source, "cookies"), _marks(source), strict=True):
        try:
            yield EntryDraft(EntryModel.model_validate(data), source, mark)
        except ValidationError:
            continue  # the validation of the file has reported it


def _marks(source: Source) -> list[Mark]:
    """Return the marks of the entries in the list of cookies."""
    found = source.members(("cookies",))
    return found if isinstance(found, list) else []


def _names_as_written(source: Source) -> Any:
    """Restore cookie names that YAML reads as a number or a boolean, such as `- name: 1`."""
    for data, mark in zip(listed(source, "cookies"), _marks(source), strict=True):
        name = mark.members.get("name") if isinstance(mark.members, dict) else None
        if name is not None and name.text is not None:
            data["name"] = name.text
    return source.data


_INCLUDED_KEYS = "an included file may contain only version and cookies"


def _problem(source: Source, detail: ErrorDetails, model: type[IncludedFileModel]) -> Problem:
    path: Path = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden" and model is IncludedFileModel and len(path) == 1:
        key = str(path[-1])
        if key == "include":
            message = f"{_INCLUDED_KEYS}; include this file from the main file"
            return source.problem_at_key(Code.INCLUDE_NESTED, path, message)
        if key in PolicyModel.model_fields:
            message = f'"{key}" is not allowed here; {_INCLUDED_KEYS}'
            return source.problem_at_key(Code.UNKNOWN_KEY, path, message)
    return problem_of(source, detail, model)
