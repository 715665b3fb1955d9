"""The script guard over HTTP: its script, its tag, and its reports."""

import hashlib
import json
import re
import time
from urllib.parse import unquote_to_bytes

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.guard import guard_rules

RESERVED = b"/.well-known/cookiewarden/"
"""Prefix of the paths that the proxy answers if the policy has a guard."""
SCRIPT = RESERVED + b"guard.js"
REPORT = RESERVED + b"report"
MAX_NAME = 256

_REFERER = re.compile(rb"\r\nreferer:[ \t]*https?://[^/\r\n]*(/[^\r\n ?#]*)", re.IGNORECASE)


class Guard:
    """The guard for one policy in one mode."""

    def __init__(self, engine: Engine) -> None:
        from importlib.resources import files  # its imports take 1 MB, and only policies with a guard need it

        source = files("cookiewarden.serve.own_pages").joinpath("guard.js").read_text()
        rules = guard_rules(engine.policy, engine.mode, time.time()) | {"report": REPORT.decode()}
        # `</` would end an inline script; U+2028 ends a line in old browsers.
        compiled = json.dumps(rules, separators=(",", ":")).replace("</", "<\\/")
        self.script = source.replace("/*POLICY*/ null", compiled, 1).encode()
        self.revision = hashlib.sha256(self.script).hexdigest()[:16].encode()
        self._tag = b'<script src="' + SCRIPT + b"?" + self.revision + b'"'

    def tag(self, nonce: bytes = b"") -> bytes:
        """Return the tag for a page whose Content-Security-Policy requires this nonce, if any."""
        return self._tag + (b' nonce="' + nonce + b'"' if nonce else b"") + b"></script>"

    def answer(self, method: bytes, target: bytes) -> tuple[int, bytes, bytes]:
        """Return status, header lines and body for a request below `RESERVED`. The script is immutable at the address
        with the current revision."""
        path, _, query = target.partition(b"?")
        if path == SCRIPT and method in (b"GET", b"HEAD"):
            kept = b"max-age=31536000, immutable" if query == self.revision else b"no-cache"
            lines = (
                b"Content-Type: text/javascript; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: "
                + kept
            )
            return 200, lines + b"\r\n", self.script
        if path == REPORT and method == b"POST":
            return 204, b"", b""
        return 404, b"Content-Type: text/plain\r\n", b"404 Not Found\n"


def reported_name(target: bytes) -> bytes:
    """Return the cookie name in a report; empty if the request is not a report."""
    path, _, query = target.partition(b"?")
    return unquote_to_bytes(query)[:MAX_NAME] if path == REPORT else b""


def page_of(fields: bytes) -> bytes:
    """Return the path of the page that sent a report, from its Referer; `/` without one."""
    found = _REFERER.search(fields)
    return found[1] if found else b"/"
