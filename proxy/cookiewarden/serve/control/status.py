"""What is known of a policy in force, and of the reloads of its files."""

from collections import deque
from dataclasses import dataclass, field

from cookiewarden.core.policy.problem import Problem, Severity, render_line


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason for a failed reload that is not in the policy's files: keys, a disk, memory, or a fault of our own."""

    message: str


Cause = Problem | Obstacle
"""Why a reload failed, or what it warns of."""


def severity_of(cause: Cause) -> Severity | None:
    """None for what stands in no file."""
    return cause.code.severity if isinstance(cause, Problem) else None


def line_of(cause: Cause) -> str:
    """One line for the log, the page and the API."""
    return render_line(cause) if isinstance(cause, Problem) else cause.message


@dataclass(frozen=True, slots=True)
class Reload:
    """One that was tried."""

    at: float
    """In seconds since the epoch."""
    successful: bool
    causes: tuple[Cause, ...]
    """The errors first."""


MAX_RELOADS = 10
"""That are remembered."""
MAX_CAUSES = 100
"""Of one reload that are remembered. 10,000 entries have 20,000 where none has a purpose and a lifetime, and the page
shows those of every reload: 4 s of a process that serves."""


@dataclass(slots=True)
class PolicyStatus:
    """The policy in force and how its loading went."""

    policy: str = ""
    sha256: str = ""
    enforcing: bool = False
    reload_successful: bool = True
    reload_time: float = 0.0
    """When a policy was last loaded, in seconds since the epoch."""
    successes: int = 0
    failures: int = 0
    expiries: dict[str, float] = field(default_factory=dict)
    """When dated entries end, by name."""
    switch_end: float = 0.0
    """When the mode that an operator switched to ends, in seconds since the epoch; 0: none did."""
    reloads: deque[Reload] = field(default_factory=lambda: deque(maxlen=MAX_RELOADS))
    """The last ones."""
    shadow: "PolicyStatus | None" = None
    """The same of a policy that is tried beside it."""


@dataclass(slots=True)
class WorkerProcesses:
    """The processes that serve, where there is a supervisor over them."""

    pids: list[int]
    replaced: int = 0
    """How many died and were replaced."""
