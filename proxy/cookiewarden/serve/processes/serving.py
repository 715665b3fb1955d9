"""A data plane in this process, with its policies and its driver."""

import asyncio
import socket
from collections.abc import Mapping

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.listening.connections import Connections
from cookiewarden.serve.listening.driver import Driver
from cookiewarden.serve.listening.tls import BadTLS
from cookiewarden.serve.listening.worker import Worker
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.observe.observations import Observations, Observed
from cookiewarden.serve.offload import in_thread
from cookiewarden.serve.own_pages.in_force import InForce, Prepared
from cookiewarden.serve.settings import Settings


class Serving:
    """A worker with its driver and its policies. It may receive orders before it starts."""

    order = Order()
    """The order of the policy in force, or of the first policy before the start."""
    shadow_order = Order()
    """The order of the shadow policy."""
    in_force: InForce | None = None
    """Set when the worker serves."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.worker = Worker(settings)
        self.named: dict[str, InForce] = {}
        """Further policies by name."""

    async def start(self, made: Prepared, shadow: Engine | None, listening: socket.socket) -> None:
        """Start to serve. `shadow`: the engine of the shadow policy, if any. Raises CannotStart."""
        settings, metrics = self.settings, self.metrics
        policies = Policies(made.engine, metrics, Observations() if settings.inventory else None)
        in_force = InForce(policies, made, self.shadow_order)
        # The inventory is of one policy, because its forecast and drift are judged by one.
        self.named = {
            name: InForce(Policies(other.engine, metrics, None), other, Order()) for name, other in made.named.items()
        }
        connections = Connections(asyncio.get_running_loop(), settings.max_connections)
        try:
            driver = _driver(settings, in_force, self.named, metrics, connections)
        except BadTLS as error:
            raise CannotStart(str(error)) from error
        if settings.tracing:
            from cookiewarden.serve.observe.tracing import Tracing

            tracing = Tracing()
            for one in (in_force, *self.named.values()):
                one.policies.tracing = tracing
        metrics.declare(())
        for one in (in_force, *self.named.values()):
            if made.order != self.order:
                one.turn(self.order)
        if shadow is not None:
            in_force.replace_shadow(shadow)
        self.in_force = in_force
        await self.worker.start(driver, listening)
        for one in self._all():
            one.complete()

    def _all(self) -> list[InForce]:
        """Return the policies in force, if the worker serves."""
        return [self.in_force, *self.named.values()] if self.in_force is not None else []

    def expect(self, order: Order, shadow: bool = False) -> None:
        """Set the order for a policy that is being prepared. `shadow`: for the shadow policy."""
        if shadow:
            self.shadow_order = order
            if self.in_force is not None:
                self.in_force.shadow_order = order
        else:
            self.order = order
            for one in self._all():
                one.order = order

    def replace(self, made: Prepared) -> list[object]:
        """Put another policy in force. Return the pieces of the previous one, to be freed in small steps."""
        if self.in_force is None:
            return []
        pieces = self.in_force.replace(made)
        for name, other in made.named.items():
            pieces += self.named[name].replace(other)
        return pieces

    def replace_shadow(self, engine: Engine) -> list[object]:
        """Try another policy as the shadow policy. Return the pieces of the previous one."""
        return self.in_force.replace_shadow(engine) if self.in_force is not None else []

    def turn(self, order: Order, shadow: bool = False) -> None:
        """Apply an order to the policy in force. `shadow`: to the shadow policy."""
        if self.in_force is None:
            self.expect(order, shadow)
        elif shadow:
            self.shadow_order = order
            self.in_force.turn_shadow(order)
        else:
            self.order = order
            for one in self._all():
                one.turn(order)

    def take(self) -> Observed:
        """Return the observations since the last call."""
        observations = self.in_force.policies.observations if self.in_force is not None else None
        return observations.take() if observations is not None else Observed()

    def count_connections(self) -> None:
        if self.worker.driver is not None:
            self.worker.driver.count_connections()

    @property
    def is_draining(self) -> bool:
        return self.worker.driver is not None and self.worker.driver.connections.draining

    async def stop(self) -> None:
        if self.in_force is None:
            return
        for one in self._all():
            one.stop()
        await self.worker.stop()
        tracing = self.in_force.policies.tracing
        if tracing is not None:
            await in_thread(tracing.stop)


def _driver(
    settings: Settings, in_force: InForce, named: Mapping[str, InForce], metrics: Metrics, connections: Connections
) -> Driver:
    """Return the driver that the settings ask for. Only its code is imported. Raises BadTLS and CannotStart."""
    if settings.extproc is None:
        from cookiewarden.serve.dataplane.driver import DataPlane

        return DataPlane(settings, in_force, metrics, connections)
    try:
        from cookiewarden.serve.extproc.driver import ExternalProcessor
    except ModuleNotFoundError as error:
        if error.name != "hpack":
            raise
        raise CannotStart('--extproc needs hpack; install it with pip install "cookiewarden[envoy]"') from None
    return ExternalProcessor(settings, in_force, named, metrics, connections)
