"""The policies by which exchanges are judged, and where what was decided is counted."""

from cookiewarden.core.engine.engine import Engine
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.observe.observations import Observations
from cookiewarden.serve.observe.tracing import Tracing


class Policies:
    """What judging an exchange needs, for every driver. A request keeps the engines that it began with."""

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        observations: Observations | None,
        tracing: Tracing | None = None,
    ) -> None:
        """`observations`: where an inventory is kept. `tracing`: where spans are asked for."""
        self.engine = engine
        """The policy in force."""
        self.shadow: Engine | None = None
        """A policy that is tried: it decides and changes nothing."""
        self.metrics = metrics
        self.observations = observations
        self.tracing = tracing
