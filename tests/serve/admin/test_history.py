"""The state of the application, from the counts of the last minute with requests."""

import pytest

from cookiewarden.serve.admin.history import Sample, recent_of

NOW = 1_000_000.0
Step = tuple[float, int, dict[str, int], int]
"""Seconds, and the increase of requests, upstream errors and responses with a status of 500 or more."""


def samples(*steps: Step) -> list[Sample]:
    """Return samples, the first at the start with counts of 0."""
    found = [Sample(NOW, 0, {}, {"5xx": 0}, {}, {}, 0)]
    for seconds, requests, errors, server_errors in steps:
        last = found[-1]
        counts = {
            reason: last.upstream_errors.get(reason, 0) + errors.get(reason, 0)
            for reason in {*last.upstream_errors, *errors}
        }
        responses = {"5xx": last.responses["5xx"] + server_errors}
        found.append(Sample(NOW + seconds, last.requests + requests, {}, responses, counts, {}, 0))
    return found


FINE: Step = (5, 100, {}, 0)
DOWN: Step = (10, 40, {"connect": 40}, 40)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([FINE], ""),
        ([(5, 40, {"connect": 40}, 40)], "502: application down"),
        ([FINE, DOWN], "502: application down"),
        ([(5, 43, {"connect": 40}, 40)], "502: application down"),  # it ended within the step
        ([(5, 43, {"connect": 38}, 38)], "502: 38 of 43 requests failed"),
        ([FINE, DOWN, (15, 0, {}, 0)], "502: application down"),  # no requests since
        ([FINE, DOWN, (15, 100, {}, 0)], "502: 40 of 240 requests failed"),
        ([FINE, DOWN, (90, 100, {}, 0)], ""),
        ([FINE, (10, 40, {"connect": 3}, 3)], "502: 3 of 140 requests failed"),
        ([(5, 4, {"read_timeout": 3, "connect": 1}, 4)], "504: application does not respond"),
        ([(5, 4, {"pool": 4}, 4)], "503: no free connection to the application"),
        ([(5, 4, {"truncated": 4}, 0)], "responses cut"),
        ([(5, 0, {"truncated": 1}, 0)], "responses cut"),
        ([(5, 4, {"surplus": 4}, 0)], ""),
        ([(5, 4, {"surplus": 4, "tls": 1}, 1)], "502: 1 of 4 requests failed"),
        ([(5, 4, {}, 4)], "5xx: 4 of 4 responses"),
        ([(5, 4, {}, 2)], ""),
    ],
)
def test_the_state_is_of_the_last_minute_with_requests(steps: list[Step], state: str) -> None:
    recent = recent_of(samples(*steps))
    assert recent is not None and recent.state == state


def test_the_state_needs_requests() -> None:
    assert recent_of([]) is None and recent_of(samples((5, 0, {}, 0))) is None


def test_only_failed_requests_have_reasons_the_most_frequent_first() -> None:
    recent = recent_of(samples((5, 9, {"closed": 1, "connect": 7, "surplus": 9}, 8)))
    assert recent is not None and list(recent.reasons.items()) == [("connect", 7), ("closed", 1)]
    assert (recent.begin, recent.end, recent.requests, recent.failed) == (NOW, NOW + 5, 9, 8)
