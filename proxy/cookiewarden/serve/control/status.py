"""The status of the policy in force, and of the reloads of its files."""

from collections import deque
from dataclasses import dataclass, field

from cookiewarden.core.policy.problem import Problem, Severity, render_line


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason for a failed reload outside the policy's files: keys, the disk, memory, or a fault of the proxy."""

    message: str


Cause = Problem | Obstacle
"""A reason why a reload failed, or a warning."""


def severity_of(cause: Cause) -> Severity | None:
    """Return the severity of a problem in a file; None for other causes."""
    return cause.code.severity if isinstance(cause, Problem) else None


def line_of(cause: Cause) -> str:
    """Format a cause as one line for the log, the status page and the API."""
    return render_line(cause) if isinstance(cause, Problem) else cause.message


@dataclass(frozen=True, slots=True)
class Reload:
    """A reload, successful or not."""

    at: float
    """Time in seconds since the epoch."""
    successful: bool
    causes: tuple[Cause, ...]
    """Causes, errors first."""


MAX_RELOADS = 10
"""Number of reloads that are kept."""
MAX_CAUSES = 100
"""Number of causes that are kept per reload. 10,000 entries without purpose and lifetime have 20,000 causes; showing
them for every reload took 4 s."""


@dataclass(slots=True)
class PolicyStatus:
    """The policy in force and the results of its reloads."""

    policy: str = ""
    sha256: str = ""
    enforcing: bool = False
    reload_successful: bool = True
    reload_time: float = 0.0
    """Time of the last successful load, in seconds since the epoch."""
    successes: int = 0
    failures: int = 0
    expiries: dict[str, float] = field(default_factory=dict)
    """Expiry of dated entries, by name."""
    switch_end: float = 0.0
    """Time at which the mode set by an operator ends, in seconds since the epoch; 0 without one."""
    named: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and hash of each further policy, by the name that selects it."""
    reloads: deque[Reload] = field(default_factory=lambda: deque(maxlen=MAX_RELOADS))
    """The last reloads, oldest first."""
    shadow: "PolicyStatus | None" = None
    """Status of the shadow policy, if any."""


@dataclass(slots=True)
class WorkerProcesses:
    """The worker processes under a supervisor."""

    pids: list[int]
    replaced: int = 0
    """Number of workers that died and were replaced."""
