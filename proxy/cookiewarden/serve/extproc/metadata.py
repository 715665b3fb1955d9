"""Metadata for Envoy's access log: decisions by entry, action and reasons, never values."""

from cookiewarden.core.engine.decision import Action, Decision
from cookiewarden.serve.observe.metrics import Metrics, done
from cookiewarden.serve.wire.ext_proc import namespace

MAX_NAMED = 100
"""Maximum number of cookies that are named in the metadata of one head."""
MAX_REMEMBERED = 4096
"""Maximum number of heads' decisions whose metadata is kept."""


class Metadata:
    """Builds the metadata, and keeps it by decisions: most heads have the same."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._generation = metrics.generation
        self._known: dict[tuple[str, tuple[Decision, ...]], bytes] = {}

    def of(self, head: str, decisions: tuple[Decision, ...]) -> bytes:
        """Return the metadata of a head as a Struct; empty if all cookies pass unchanged. `head`: its name there."""
        if self._generation != self._metrics.generation:  # another policy is in force
            self._generation = self._metrics.generation
            self._known.clear()
        key = (head, decisions)
        found = self._known.get(key)
        if found is None:
            told = [_told(decision) for decision in decisions if decision.action is not Action.PASS]
            found = namespace({head: "; ".join(told[:MAX_NAMED])}) if told else b""
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found


def _told(decision: Decision) -> str:
    return f"{decision.label} {done(decision)} {'+'.join(reason.value for reason in decision.reasons)}"
