"""Debian's Firefox ESR, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

import asyncio
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PREFERENCES = {
    "network.dns.forceResolve": "127.0.0.1",  # every host resolves to this machine, because cookies need real names
    "network.trr.mode": 5,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "network.http.speculative-parallel-limit": 0,
    "dom.security.https_first": False,
}
SECONDS = 60.0
"""Seconds for one command, which may be slow on a busy machine."""
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://[^\s]+)")


class Firefox:
    """One browser with one page. Raises RuntimeError where a command fails."""

    def __init__(self, profile: Path) -> None:
        if FIREFOX is None:
            raise RuntimeError("no Firefox: install Debian's firefox-esr (make test-browser needs it)")
        lines = [f"user_pref({name!r}, {_json(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines).replace("'", '"'))
        self._process = subprocess.Popen(
            [FIREFOX, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._number = 0
        self._run(self._connect(self._address()))
        self.version = self._ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})[
            "capabilities"
        ]["browserVersion"]
        self.page = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        """Load a page and wait for it."""
        self._ask("browsingContext.navigate", context=self.page, url=url, wait="complete")

    def cookies(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return all cookies with the partitioned ones, as WebDriver BiDi gives them."""
        return self._ask("storage.getCookies", filter=wanted)["cookies"]

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression: a string, a number or a boolean."""
        answer = self._ask("script.evaluate", expression=expression, target={"context": self.page}, awaitPromise=True)
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def clear_cookies(self) -> None:
        self._ask("storage.deleteCookies")

    def close(self) -> None:
        self._run(self._session.close())
        self._process.terminate()
        self._process.wait(SECONDS)
        self._drain.join(SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def _address(self) -> str:
        printed = self._process.stderr
        assert printed is not None
        for line in printed:
            if found := _LISTENS.search(line):
                # Empties the pipe, because a browser that cannot write stops.
                self._drain = threading.Thread(target=lambda: (printed.read(), printed.close()), daemon=True)
                self._drain.start()
                return found[1]
        raise RuntimeError("Firefox ended before it listened")

    async def _connect(self, address: str) -> None:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(f"{address}/session", max_msg_size=0)

    def _ask(self, method: str, **params: Any) -> Any:
        return self._run(self._command(method, params))

    async def _command(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") != self._number:
                continue  # an event, not the answer to a command
            if message["type"] == "error":
                raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
            return message["result"]

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Start a Firefox with a new profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Firefox(Path(profile))
        try:
            yield browser
        finally:
            browser.close()


def _json(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
