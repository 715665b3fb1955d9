"""Construction of a control plane with workers, operators' desk and admin listener."""

import logging
import os
import socket
import time
from collections.abc import Sequence

from cookiewarden.core.policy.problem import shown_url
from cookiewarden.core.report.wire import InstanceDocument
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.history import History
from cookiewarden.serve.admin.scrape import Scrape
from cookiewarden.serve.admin.server import Admin
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.plane import ControlPlane, Workers
from cookiewarden.serve.control.status import WorkerProcesses
from cookiewarden.serve.observe.inventory import LiveInventory
from cookiewarden.serve.observe.metrics import Labels
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.sockets import told

log = logging.getLogger("cookiewarden")


class CountingWorkers(Workers):
    """Workers with access to their counts and observations."""

    labels: Labels
    processes: WorkerProcesses | None = None
    """None if the worker is this process."""

    def take(self) -> Observed:
        """Return the observations of this process since the last call."""
        raise NotImplementedError

    def counts(self) -> Sequence[int] | memoryview:
        """Return the counts of all workers, including those that have ended."""
        raise NotImplementedError

    def address(self) -> str:
        """Return the address on which clients are accepted, once it is open."""
        raise NotImplementedError

    def unready(self) -> str:
        """Return the reason why traffic should not be sent, or an empty string."""
        raise NotImplementedError


def plane_of(
    settings: Settings, files: PolicyFiles, workers: CountingWorkers, clock: Clock | None = None
) -> ControlPlane:
    """Create the control plane for workers."""
    plane = ControlPlane(settings, files, workers, clock)
    host, pid, started = socket.gethostname(), os.getpid(), time.time()
    operation = Operation(
        plane.reloader,
        plane.status,
        History(workers.counts, workers.labels),
        LiveInventory(settings.inventory_file) if settings.inventory else None,
        workers.take,
        lambda: InstanceDocument(host, pid, started, workers.address(), shown_url(str(settings.upstream or ""))),
        workers.settle,
        plane.shadow,
    )
    scrape = Scrape(workers.counts, workers.labels, plane.status, workers.processes)
    plane.desk = operation
    plane.open_admin = lambda: Admin(settings, scrape, operation, workers.unready)
    return plane


def tell_where(settings: Settings, listening: socket.socket, admin: Address) -> None:
    """Log the addresses of the proxy."""
    by_tls = " by TLS" if settings.tls_cert else ""
    behind = "Envoy" if settings.extproc is not None else settings.upstream
    log.info("listening on %s%s for %s, admin on %s, pid %d", told(listening), by_tls, behind, admin, os.getpid())
