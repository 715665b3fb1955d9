"""SARIF 2.1.0 (OASIS), the format of code scanning in GitHub, Azure DevOps and editors."""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from cookiewarden import __version__
from cookiewarden.core.policy.problem import Severity, printable
from cookiewarden.tools.annotations.annotation import Annotation, AnnotationRule, fingerprints, relative

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/cookiewarden/cookiewarden"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(annotations: Sequence[Annotation], rules: Sequence[AnnotationRule], command: str) -> str:
    """Format annotations as a log with one run. `command` is the name of the command, and `rules` all its kinds of
    findings."""
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "cookiewarden",
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": f"cookiewarden/{command}/"},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(annotation, numbers[annotation.code], fingerprint)
            for annotation, fingerprint in zip(annotations, fingerprints(annotations), strict=True)
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: AnnotationRule) -> dict[str, object]:
    page = f"{HOME}/blob/main/{rule.page}"
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.meaning},
        "helpUri": page,
        "help": {"text": f"See {page}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(annotation: Annotation, number: int, fingerprint: str) -> dict[str, object]:
    pos = annotation.place.pos
    return {
        "ruleId": annotation.code,
        "ruleIndex": number,
        "level": _LEVELS[annotation.severity],
        "message": {"text": printable(annotation.message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _location(relative(annotation.place.path)),
                    "region": {"startLine": pos.line, "startColumn": pos.column},
                }
            }
        ],
        "partialFingerprints": {"cookiewarden/v1": fingerprint},
    }


def _location(path: str) -> dict[str, str]:
    """Return the URI of a file: relative to the top of the repository, or absolute if it is outside of it."""
    uri = quote(path.encode("utf-8", "surrogateescape"))
    if PurePosixPath(path).is_absolute():
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}
