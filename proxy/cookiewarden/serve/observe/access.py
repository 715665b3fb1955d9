"""The access log: one line per request, off by default. It has no cookies, and query strings only on request, because
both may contain secrets."""

import logging

from cookiewarden.serve.settings import Access

log = logging.getLogger("cookiewarden.access")

MAX_HOST, MAX_PATH = 255, 600
"""Maximum octets logged, each at most five characters in JSON. A line must be shorter than 4,096 octets (PIPE_BUF), so
that lines of several workers to one pipe do not mix."""


class AccessLog:
    """Writes one line for each request that has ended."""

    def __init__(self, access: Access) -> None:
        self.on = access is not Access.OFF
        self._query = access is Access.QUERY

    def answered(
        self, client: bytes, method: bytes, host: bytes, target: bytes, status: int, seconds: float, why: str
    ) -> None:
        """Log a request. `status` 0: the client left before the response. `why`: reason of a failure, as in metrics."""
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
        """Log data that is not a valid request, or a request that is too large, without its content."""
        log.info("request", extra={"fields": {"client": client.decode(), "status": status, "reason": why}})


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
