"""The policies that judge exchanges, and the counters of their decisions."""

from cookiewarden.core.engine.engine import Engine
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.observe.observations import Observations
from cookiewarden.serve.observe.tracing import Tracing


class Policies:
    """Everything that judging an exchange needs. A request keeps the engines with which it began."""

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        observations: Observations | None,
        tracing: Tracing | None = None,
    ) -> None:
        """Create the policies. `observations`: if an inventory is kept. `tracing`: if spans are sent."""
        self.engine = engine
        """The policy in force."""
        self.shadow: Engine | None = None
        """The shadow policy. It changes nothing."""
        self.metrics = metrics
        self.observations = observations
        self.tracing = tracing
