"""Counts of the last half hour, for the charts of the status page. Prometheus has longer histories."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cookiewarden.serve.observe.metrics import COOKIES_AT, LABEL_SIZE, LABELS_AT, REQUESTS_AT, Labels
from cookiewarden.serve.observe.role import Role

STEP_SECONDS = 5.0
STEPS = 360


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts since the start of the process."""

    at: float
    """Time in seconds since the epoch."""
    requests: int
    actions: dict[str, int]
    """Number of cookies by action."""


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
        return Sample(time.time(), sum(counts[at] for at in REQUESTS_AT.values()), actions)
