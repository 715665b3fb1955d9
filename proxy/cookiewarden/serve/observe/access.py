"""The access log: one line for each request, off unless asked for. Names no cookie and no query string, for both
may hold what must not be read; the query is told where that, too, is asked for."""

import logging

from cookiewarden.serve.settings import Access

log = logging.getLogger("cookiewarden.access")

MAX_HOST, MAX_PATH = 255, 600
"""Octets that are told, each at most five in JSON: lines of several workers to one pipe must not mix, and a write of
4,096 is the largest that is one piece (PIPE_BUF)."""


class AccessLog:
    """Writes a line for each request that ended."""

    def __init__(self, access: Access) -> None:
        self.on = access is not Access.OFF
        self._query = access is Access.QUERY

    def answered(
        self, client: bytes, method: bytes, host: bytes, target: bytes, status: int, seconds: float, why: str
    ) -> None:
        """`status` 0: the client was gone before there was one. `why`: a failure's reason, as in the metrics."""
        path = target if self._query else target.partition(b"?")[0]
        fields: dict[str, object] = {
            "client": client.decode(),
            "method": method.decode(),
            "host": _text(host[:MAX_HOST]),
            "path": _text(path[:MAX_PATH]),
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
        }
        if why:
            fields["reason"] = why
        log.info("request", extra={"fields": fields})

    def refused(self, client: bytes, status: int, why: str) -> None:
        """What was no request, or too large a one: nothing of it is told."""
        log.info("request", extra={"fields": {"client": client.decode(), "status": status, "reason": why}})


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
