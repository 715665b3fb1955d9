"""Client of a proxy's admin listener."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cookiewarden.core.policy.problem import printable, shown_url
from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.keys import read_token
from cookiewarden.tools.http import TOTAL_SECONDS, Answer, NoAnswer, NotConnected, fetch

T = TypeVar("T")

AUTHORIZE = "; give the token with --token-file FILE"
HINTS = {
    ErrorCode.TOKEN_REQUIRED: AUTHORIZE,
    ErrorCode.TOKEN_WRONG: AUTHORIZE,
    ErrorCode.TOKEN_NOT_SET: AUTHORIZE,
    ErrorCode.NOT_FOUND: "; the versions of the proxy and of this command differ",
}
"""Advice for the operator, by error code."""
ADDRESS = "; start the proxy, or give the address of its admin listener"
WRONG_PORT = "; is this the port of the proxy instead of its admin listener?"
MAX_TOLD = 500
"""Maximum characters shown of an error."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Client of one admin listener. Every method raises NoAnswer."""

    url: str
    token_file: str = ""

    def inventory(self) -> Inventory:
        return self._read("/inventory", wire.read_inventory)

    def forecast(self) -> wire.ForecastDocument:
        return self._read("/forecast", wire.read_forecast)

    def drift(self) -> wire.DriftDocument:
        return self._read("/drift", wire.read_drift)

    def policy(self) -> wire.PolicyDocument:
        return self._read("/policy", wire.read_policy)

    def readiness(self) -> str:
        """Return why the proxy is not ready, or "" if it is."""
        answer = self._fetch("/readyz", seconds=5)
        if answer.status == 200 and answer.body == wire.READY.encode():
            return ""
        error = wire.read_error(answer.body)
        if error is None or error.error is not ErrorCode.NOT_READY:
            raise self._is_another(answer.status)
        return _shown(error.message)

    def reload(self) -> wire.PolicyDocument:
        """Reload the policy. `reload_successful` of the answer is the result."""
        return self._read("/reload", wire.read_policy, "POST", b"", accepted=(200, 422))

    def turn_mode(self, mode: str, seconds: float) -> wire.PolicyDocument:
        body = json.dumps({"mode": mode, "seconds": seconds}).encode()
        return self._read("/mode", wire.read_policy, "POST", body)

    def _read(
        self,
        path: str,
        read: Callable[[bytes], T],
        method: str = "GET",
        body: bytes | None = None,
        accepted: tuple[int, ...] = (200,),
    ) -> T:
        url = shown_url(self.url.rstrip("/") + path)
        answer = self._fetch(path, method, self._headers(), body)
        if answer.status not in accepted:
            raise self._refused(url, answer)
        try:
            return read(answer.body)
        except wire.NotThis as bad:
            raise NoAnswer(f"{url} is not an admin listener of this version: {printable(str(bad))}") from None

    def _fetch(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> Answer:
        try:
            return fetch(self.url.rstrip("/") + path, method, headers, body, seconds)
        except NotConnected as error:
            raise NoAnswer(f"{error}{ADDRESS}") from None

    def _refused(self, url: str, answer: Answer) -> NoAnswer:
        error = wire.read_error(answer.body)
        if error is not None:
            hint = HINTS.get(error.error, "")
            return NoAnswer(f"{url} returned status {answer.status}: {_shown(error.message)}{hint}")
        if answer.is_html:
            return self._is_another(answer.status)
        why = _shown(answer.body.decode("utf-8", "backslashreplace")) or "without a message"
        hint = WRONG_PORT if answer.status == 404 else ""
        return NoAnswer(f"{url} returned status {answer.status}: {why}{hint}")

    def _is_another(self, status: int) -> NoAnswer:
        return NoAnswer(f"{shown_url(self.url)} is not an admin listener (status {status}){WRONG_PORT}")

    def _headers(self) -> dict[str, str]:
        if not self.token_file:
            return {}
        try:
            octets, why_not = read_token(self.token_file)
        except OSError as error:
            why = (error.strerror or "error").lower()
            raise NoAnswer(f'cannot read the token file "{self.token_file}": {why}') from None
        if why_not:
            raise NoAnswer(f'the token file "{self.token_file}" {why_not}')
        token = octets.decode("latin-1")
        if not token:
            raise NoAnswer(f'the token file "{self.token_file}" is empty')
        if not (token.isascii() and token.isprintable()):
            raise NoAnswer(f'the token file "{self.token_file}" must contain a single line of printable ASCII')
        return {"Authorization": f"Bearer {token}"}


def _shown(message: str) -> str:
    return printable(message.strip())[:MAX_TOLD]
