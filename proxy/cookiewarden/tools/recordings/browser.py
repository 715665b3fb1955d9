"""Messages of the Chrome DevTools Protocol, in which the headers and the URL of a request are apart."""

from dataclasses import dataclass, field
from typing import Any

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.found import LogFacts
from cookiewarden.tools.recordings.recorded import exchange_of_url

MAX_REQUESTS = 100_000


@dataclass(slots=True)
class Requests:
    """The URLs of requests, by their numbers."""

    _urls: dict[str, Exchange] = field(default_factory=dict)

    def add_place(self, record: dict[str, Any], found: LogFacts) -> None:
        """Keep the URL of a message, or give it to a message of the same request that has none."""
        params = record.get("params")
        number = params.get("requestId") if isinstance(params, dict) else None
        if not isinstance(params, dict) or not isinstance(number, str):
            return
        request = params.get("request")
        url = request.get("url") if isinstance(request, dict) else None
        if isinstance(url, str) and (place := exchange_of_url(url)) and len(self._urls) < MAX_REQUESTS:
            self._urls[number] = place
        elif known := self._urls.get(number):
            if not found.host or found.host == known.host:
                found.host, found.target, found.https = known.host, known.target, known.https
            found.method = known.method
