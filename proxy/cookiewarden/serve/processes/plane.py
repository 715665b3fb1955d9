"""A control plane over workers, with the operator's desk and the admin listener."""

import logging
import os
import socket
from collections.abc import Sequence

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
    """Workers that say what they count and observe."""

    labels: Labels
    processes: WorkerProcesses | None = None
    """None: the worker is this process."""

    def take(self) -> Observed:
        """What this process observed since the last time."""
        raise NotImplementedError

    def counts(self) -> Sequence[int] | memoryview:
        """What all workers have counted, those that ended too."""
        raise NotImplementedError

    def unready(self) -> str:
        """Why no traffic should come; empty where it should."""
        raise NotImplementedError


def plane_of(
    settings: Settings, files: PolicyFiles, workers: CountingWorkers, clock: Clock | None = None
) -> ControlPlane:
    """The control plane over workers."""
    plane = ControlPlane(settings, files, workers, clock)
    operation = Operation(
        plane.reloader,
        plane.status,
        History(workers.counts, workers.labels),
        LiveInventory(settings.inventory_file) if settings.inventory else None,
        workers.take,
        workers.settle,
        plane.shadow,
    )
    scrape = Scrape(workers.counts, workers.labels, plane.status, workers.processes)
    plane.desk = operation
    plane.open_admin = lambda: Admin(settings, scrape, operation, workers.unready)
    return plane


def tell_where(settings: Settings, listening: socket.socket, admin: Address) -> None:
    """Log where the proxy listens."""
    by_tls = " by TLS" if settings.tls_cert else ""
    log.info(
        "listening on %s%s for %s, admin on %s, pid %d",
        told(listening),
        by_tls,
        settings.upstream,
        admin,
        os.getpid(),
    )
