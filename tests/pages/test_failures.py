"""Every reason of an error has words."""

import re

from deploy.words import metrics as words

from cookiewarden.pages.failures import CLIENT_FAILURES, UPSTREAM_FAILURES
from cookiewarden.serve.admin.history import HARMLESS
from cookiewarden.serve.observe.metrics import CLIENT_ERRORS, UPSTREAM_ERRORS


def test_every_reason_of_the_metrics_has_words() -> None:
    assert tuple(UPSTREAM_FAILURES) == UPSTREAM_ERRORS and tuple(CLIENT_FAILURES) == CLIENT_ERRORS


def test_every_failure_of_a_request_has_a_state() -> None:
    assert {reason for reason, failure in UPSTREAM_FAILURES.items() if not failure.state} == HARMLESS


def test_the_reference_has_the_same_statuses() -> None:
    for metric, failures in (("upstream", UPSTREAM_FAILURES), ("client", CLIENT_FAILURES)):
        told = words.VALUES[f"cookiewarden_{metric}_errors_total", "reason"]
        assert {reason: status_of(told[reason]) for reason in failures} == {
            reason: failure.status for reason, failure in failures.items()
        }


def status_of(told: str) -> int:
    found = re.search(r"\((\d{3})", told)
    return int(found[1]) if found else 0
