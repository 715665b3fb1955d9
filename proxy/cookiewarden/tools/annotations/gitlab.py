"""Code Quality report of GitLab, which a merge request shows beside its changes."""

import json
from collections.abc import Sequence

from cookiewarden.core.policy.problem import Severity, printable
from cookiewarden.tools.annotations.annotation import Annotation, fingerprints, relative

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def gitlab(annotations: Sequence[Annotation]) -> str:
    """Format annotations as a Code Quality report."""
    told = [
        {
            "description": printable(annotation.message),
            "check_name": annotation.code,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[annotation.severity],
            "location": {
                "path": printable(relative(annotation.place.path)),
                "lines": {"begin": annotation.place.pos.line},
            },
        }
        for annotation, fingerprint in zip(annotations, fingerprints(annotations), strict=True)
    ]
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
