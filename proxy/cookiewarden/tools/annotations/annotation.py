"""Annotations: findings at a place in a file, as every CI system shows them."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cookiewarden.core.policy.problem import Code, Place, Pos, Problem, Severity


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding. `code` is stable, so that CI systems group and filter by it."""

    severity: Severity
    code: str
    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class AnnotationRule:
    """A kind of finding."""

    code: str
    severity: Severity
    meaning: str
    page: str
    """The section that explains it, below the top of the repository."""


PROBLEMS = [
    AnnotationRule(
        code.text, code.severity, f"{code.text.replace('-', ' ').capitalize()}.", f"policies/checks.md#{code.text}"
    )
    for code in Code
]
"""The rules of problems in files, which policies/checks.md explains."""
_TESTS = "policies/README.md#tests"
FAILED = AnnotationRule("failed-case", Severity.ERROR, "A case of a test file failed.", _TESTS)
NOT_COVERED = AnnotationRule(
    "not-covered", Severity.ERROR, "No case of a test file covers an entry of its policy.", _TESTS
)


def of_problem(problem: Problem) -> Annotation:
    return Annotation(problem.code.severity, problem.code.text, problem.place, problem.message)


def at_file(rule: AnnotationRule, path: str, message: str) -> Annotation:
    """Return an annotation of a whole file, at its first line."""
    return Annotation(rule.severity, rule.code, Place(path, Pos()), message)


def relative(path: str) -> str:
    """Return a path as CI systems show it: relative to the working directory if it is below it, and without `./`."""
    place = Path(os.path.normpath(path))
    here = Path.cwd()
    if place.is_absolute() and place.is_relative_to(here):
        place = place.relative_to(here)
    return place.as_posix()


def fingerprints(annotations: Iterable[Annotation]) -> list[str]:
    """Return a fingerprint for each annotation, unique among them. It does not depend on the line numbers."""
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for annotation in annotations:
        key = (relative(annotation.place.path), annotation.code, annotation.message)
        seen[key] = seen.get(key, 0) + 1
        text = "\0".join((*key, str(seen[key])))
        found.append(hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
    return found
