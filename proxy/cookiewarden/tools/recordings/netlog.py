"""Logs of Chrome's network stack (chrome://net-export): one JSON object with the events of all requests.

The events of one request have one source, and the first of them has the URL."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded, exchange_of_url, octets


def events_of(record: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the events of a log; None for another record."""
    events = record.get("events")
    if "constants" not in record or not isinstance(events, list):
        return None
    return [event for event in events if isinstance(event, dict)]


class Sources:
    """The requests of a log, by their source."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self._at = at
        self._account = account
        self._places: dict[tuple[object, object], Exchange] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Recorded] | None:
        """Return the exchanges of an event that has headers; None for another event."""
        params, source = event.get("params"), event.get("source")
        if not isinstance(params, dict):
            return None
        number = source.get("id") if isinstance(source, dict) else None
        key = (str(number), str(params.get("stream_id")))
        url = params.get("url")
        if isinstance(url, str) and (place := exchange_of_url(url)):
            self._places[key] = place
        headers = params.get("headers")
        if not isinstance(headers, list) or not all(isinstance(line, str) for line in headers):
            return None
        return self._headers(key, headers)

    def _headers(self, key: tuple[object, object], lines: list[str]) -> Iterator[Recorded]:
        asked: list[Header] = []
        answered: list[Header] = []
        place = self._places.get(key, self._at)
        for line in lines:
            name, _, value = line.removeprefix(":").partition(":")
            word, text = name.strip().lower(), octets(value.strip())
            if word in ("cookie", "set-cookie") and is_redacted(text):
                self._account.miss(Note.REDACTED)
            elif word == "cookie" and text:
                asked.append((b"Cookie", text))
            elif word == "set-cookie" and text:
                answered += [(b"Set-Cookie", one) for one in text.split(b"\n")]
            elif word in ("host", "authority") and text:
                place = replace(place, host=text)
        self._places[key] = place
        if asked or answered:
            yield Recorded(replace(place, headers=asked), asked, answered)
