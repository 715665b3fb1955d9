"""Counts of the last half hour, for the charts of the status page. Prometheus has longer histories."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cookiewarden.core.report.wire import TrafficDocument
from cookiewarden.pages.failures import UPSTREAM_FAILURES
from cookiewarden.serve.observe.metrics import (
    CLIENT_ERRORS_AT,
    CODE_CLASSES,
    COOKIES_AT,
    IN_FLIGHT,
    LABEL_SIZE,
    LABELS_AT,
    REQUESTS_AT,
    UPSTREAM_ERRORS_AT,
    Labels,
)
from cookiewarden.serve.observe.role import Role

STEP_SECONDS = 5.0
STEPS = 360
RECENT_SECONDS = 60.0
"""Length of the time that decides on the state of the application."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts since the start of the process."""

    at: float
    """Time in seconds since the epoch."""
    requests: int
    actions: dict[str, int]
    """Number of cookies by action."""
    responses: dict[str, int]
    """Number of requests by class of the status code."""
    upstream_errors: dict[str, int]
    """Number of failed exchanges with the application, by reason."""
    client_errors: dict[str, int]
    """Number of failed or refused connections of clients, by reason."""
    in_flight: int

    @property
    def failed(self) -> int:
        """Number of requests that failed between proxy and application."""
        return sum(count for reason, count in self.upstream_errors.items() if reason not in HARMLESS)


DOWN = 0.9
HARMLESS = frozenset({"surplus"})
"""Errors after a complete response."""


@dataclass(frozen=True, slots=True)
class Recent:
    """Counts of the last minute in which there were requests, or of less time after a start."""

    begin: float
    end: float
    """Time of the last requests, in seconds since the epoch."""
    requests: int
    failed: int
    """Requests that failed between proxy and application."""
    server_errors: int
    """Responses with a status of 500 or more, from the application or the proxy."""
    reasons: dict[str, int]
    """Failures by reason, the most frequent first."""
    is_down: bool
    """True if at least DOWN of the requests of the last step failed."""

    @property
    def state(self) -> str:
        """Describe the trouble in a few words, such as `502: application down`; empty without one."""
        count = max(self.requests, self.failed)
        if self.failed:
            failure = UPSTREAM_FAILURES[next(iter(self.reasons))]
            code = f"{failure.status}: " if failure.status else ""
            return code + (failure.state if self.is_down else f"{self.failed} of {count} requests failed")
        if self.server_errors * 2 > self.requests:
            return f"5xx: {self.server_errors} of {count} responses"
        return ""


class History:
    def __init__(self, read: Callable[[], Sequence[int] | memoryview], labels: Labels) -> None:
        """Create an empty history. `read` returns the current counts."""
        self.read = read
        self.labels = labels
        self.samples: deque[Sample] = deque(maxlen=STEPS + 1)

    async def watch(self) -> None:
        """Take a sample every STEP_SECONDS."""
        while True:
            self.samples.append(self.sample())
            await asyncio.sleep(STEP_SECONDS)

    def sample(self) -> Sample:
        counts = self.read()
        actions: dict[str, int] = {}
        for number in self.labels.of(Role.IN_FORCE).values():
            begin = LABELS_AT + LABEL_SIZE * number
            for (_, action), at in COOKIES_AT.items():
                actions[action] = actions.get(action, 0) + counts[begin + at]
        responses = dict.fromkeys(CODE_CLASSES, 0)
        for (_, code_class), at in REQUESTS_AT.items():
            responses[CODE_CLASSES[code_class - 1]] += counts[at]
        return Sample(
            time.time(),
            sum(responses.values()),
            actions,
            responses,
            {reason: counts[at] for reason, at in UPSTREAM_ERRORS_AT.items()},
            {reason: counts[at] for reason, at in CLIENT_ERRORS_AT.items()},
            counts[IN_FLIGHT],
        )

    def traffic(self) -> TrafficDocument:
        """Return the counts of this moment."""
        now = self.sample()
        recent = recent_of([*self.samples, now])
        return TrafficDocument(
            _counted(now.responses),
            now.in_flight,
            _counted(now.upstream_errors),
            _counted(now.client_errors),
            recent.state if recent else "",
        )


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in counts.items() if count}


def recent_of(samples: Sequence[Sample]) -> Recent | None:
    """Return the counts of the last minute with requests; None without requests. `samples`: oldest first."""
    steps = [(a, b) for a, b in pairwise(samples) if b.requests > a.requests or b.failed > a.failed]
    if not steps:
        return None
    before, end = steps[-1]
    begin = next(a for a, _ in steps if a is before or a.at >= end.at - RECENT_SECONDS)
    reasons = increase(begin.upstream_errors, end.upstream_errors)
    step_failed = end.failed - before.failed
    return Recent(
        begin.at,
        end.at,
        end.requests - begin.requests,
        end.failed - begin.failed,
        end.responses["5xx"] - begin.responses["5xx"],
        {reason: count for reason, count in reasons.items() if reason not in HARMLESS},
        0 < step_failed >= DOWN * (end.requests - before.requests),
    )


def increase(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return the counts that have grown, by how much, the largest first."""
    grown = {key: count - before.get(key, 0) for key, count in after.items()}
    return {key: count for key, count in sorted(grown.items(), key=lambda item: -item[1]) if count > 0}
