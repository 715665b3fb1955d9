"""Scrapes, as the admin listener answers them."""

from collections.abc import Callable, Sequence

from cookiewarden.serve.control.status import PolicyStatus, WorkerProcesses
from cookiewarden.serve.observe.metrics import Labels
from cookiewarden.serve.offload import in_thread


class Scrape:
    """Answers scrapes. What words them is imported at the first: a start would wait 20 ms for it."""

    def __init__(
        self,
        counts: Callable[[], Sequence[int] | memoryview],
        labels: Labels,
        status: PolicyStatus,
        processes: WorkerProcesses | None,
    ) -> None:
        """`counts`: hands out those of the moment."""
        self._counts = counts
        self._labels = labels
        self._status = status
        self._processes = processes
        self._is_imported = False

    async def answer(self) -> tuple[bytes, str]:
        """What Prometheus gets, and its content type."""
        if not self._is_imported:
            await in_thread(_import)
            self._is_imported = True
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        from cookiewarden.serve.admin.exposition import Exposition

        exposition = Exposition(self._counts, self._labels, self._status, self._processes)
        return await exposition.scraped(), CONTENT_TYPE_LATEST


def _import() -> None:
    import cookiewarden.serve.admin.exposition  # noqa: F401 (beside the traffic)
