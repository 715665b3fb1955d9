"""The policy in force: build the next engine whole, swap one reference, keep the old one on failure."""

import logging
import time
from collections.abc import Callable

from cookiewarden.core.document import Loaded
from cookiewarden.core.engine import Engine
from cookiewarden.core.policy import Mode
from cookiewarden.core.problem import Severity, counted, render_line
from cookiewarden.serve.metrics import Metrics

log = logging.getLogger("cookiewarden")


class Holder:
    """Hands out the engine of the moment. A request keeps the engine that it began with."""

    def __init__(self, load: Callable[[], Loaded], mode: Mode | None, metrics: Metrics) -> None:
        self.load = load
        self.mode = mode
        self.metrics = metrics
        self.engine: Engine | None = None

    def build(self) -> tuple[Engine | None, Loaded]:
        """The slow part, safe to run in a thread: it touches nothing that is shared."""
        loaded = self.load()
        return (Engine(loaded.policy, self.mode) if loaded.policy else None), loaded

    def swap(self, engine: Engine | None, loaded: Loaded) -> bool:
        """Put a new engine in force; without one, say why and keep the old."""
        if engine is None:
            errors = [p for p in loaded.problems if p.code.severity is Severity.ERROR]
            first = render_line(errors[0]) if errors else "no policy"
            self.failed(f"{first} ({counted(len(errors), 'error')})")
            return False
        self.metrics.reloads["success"] += 1
        self.begin(engine)
        return True

    def failed(self, why: str) -> None:
        """A reload did not work: the old policy stays in force."""
        self.metrics.reload_successful = False
        self.metrics.reloads["failure"] += 1
        log.error("reload failed, the old policy stays in force: %s", why)

    def begin(self, engine: Engine) -> None:
        self.engine = engine
        policy = engine.policy
        self.metrics.loaded(policy, engine.mode is Mode.ENFORCE, time.time())
        log.info(
            "policy in force: %s (%s, mode %s, sha256 %.12s)",
            policy.name, counted(len(policy.entries), "entry"), engine.mode.value, policy.sha256,
        )  # fmt: skip
        if engine.mode is not policy.mode:
            log.warning(
                "the policy says mode %s; --mode %s overrides it", policy.mode.value, engine.mode.value
            )
