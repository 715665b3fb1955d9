"""Scrapes of the metrics by Prometheus."""

from collections.abc import Callable, Sequence

from cookiewarden.serve.control.status import PolicyStatus, WorkerProcesses
from cookiewarden.serve.observe.metrics import Labels
from cookiewarden.serve.offload import in_thread


class Scrape:
    """Answers to scrapes. The exposition is imported at the first scrape, which makes the start 20 ms faster."""

    def __init__(
        self,
        counts: Callable[[], Sequence[int] | memoryview],
        labels: Labels,
        status: PolicyStatus,
        processes: WorkerProcesses | None,
    ) -> None:
        """Create the handler. `counts` returns the current counts."""
        self._counts = counts
        self._labels = labels
        self._status = status
        self._processes = processes
        self._is_imported = False

    async def answer(self) -> tuple[bytes, str]:
        """Return the metrics as text and their content type."""
        if not self._is_imported:
            await in_thread(_import)
            self._is_imported = True
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        from cookiewarden.serve.admin.exposition import Exposition

        exposition = Exposition(self._counts, self._labels, self._status, self._processes)
        return await exposition.scraped(), CONTENT_TYPE_LATEST


def _import() -> None:
    import cookiewarden.serve.admin.exposition  # noqa: F401 (imported here to run in a thread)
