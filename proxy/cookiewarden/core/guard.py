"""The script guard, apart from the wire: what a page's script must know of a policy, and where in a page its tag goes."""

import re
from typing import Any

from cookiewarden.core.matcher import Matcher
from cookiewarden.core.policy import Mode, Policy

Json = dict[str, Any]


def guard_rules(policy: Policy, mode: Mode, now: float) -> Json:
    """A policy as the script in the page reads it. Entries stand in the order of their rank: the first that matches a
    name on the page's host speaks for it. Holds nothing but what the statement publishes and what requests need."""
    asked = policy.consent
    live = [entry for entry in policy.entries if entry.until > now]
    return {
        "entries": [
            [rule.entry.name, rule.host, rule.entry.category, not rule.entry.report_only]
            for rule in Matcher(live).rules()
        ],
        "consent": {
            "cookie": asked.cookie,
            "format": asked.format.value,
            "unknown": asked.unknown_grants,
            "gates": {
                gate.name: {"words": sorted(gate.granted_by), "gpc": gate.gpc.value} for gate in asked.gates
            },
        }
        if asked is not None
        else None,
        "undeclared": policy.on_response.value,
        "enforce": mode is Mode.ENFORCE,
    }


# Where the tag goes

MAX_PROLOGUE = 4096
"""Octets of a page that are looked at; where it has not begun by then the tag goes before what stands there."""

_BOM = b"\xef\xbb\xbf"
_IN_TAG = rb"(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>"
_TOKEN = re.compile(
    rb"\s+|<!--.*?-->|<!doctype" + _IN_TAG + rb"|<html" + _IN_TAG + rb"|(<head" + _IN_TAG + rb")",
    re.IGNORECASE | re.DOTALL,
)


_OPENED = re.compile(rb"<(?:!doctype|html|head)(?:[\s/>]|$)", re.IGNORECASE)
"""A tag that is looked for: where it is no token its end has not come."""
_BEGINNINGS = {
    word[:length] for word in (b"<!--", b"<!doctype", b"<html", b"<head") for length in range(len(word) + 1)
}
ENOUGH = 4
"""Octets that tell UTF-8 from UTF-16 and UTF-32."""


class Injector:
    """Puts a tag into a page as it streams by: behind its doctype, `<html>` and `<head>`, before all else, so that the
    tag's script runs before any other. Nothing else is touched."""

    def __init__(self, tag: bytes) -> None:
        self.tag = tag
        self.done = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What goes on now; the beginning of a page is held until it is clear where the tag goes."""
        if self.done:
            return data
        self._held += data
        place, is_sure = _place(self._held)
        return self._release(place) if is_sure or len(self._held) >= MAX_PROLOGUE else b""

    def end(self) -> bytes:
        """What is still held, where the page has ended. An empty one stays empty."""
        return b"" if self.done or not self._held else self._release(_place(self._held)[0])

    def _release(self, place: int) -> bytes:
        held, self._held, self.done = self._held, b"", True
        # UTF-16 and UTF-32: a tag in ASCII would be rubbish there.
        if held.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in held[:4]:
            return held
        return held[:place] + self.tag + held[place:]


def _place(text: bytes) -> tuple[int, bool]:
    """Where the tag goes, and whether more of the page could change that."""
    at = len(_BOM) if text.startswith(_BOM) else 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        if found[1]:
            return at, True
    rest = text[at:]
    is_unfinished = rest.startswith(b"<!--") or _OPENED.match(rest) or rest.lower() in _BEGINNINGS
    return at, not is_unfinished and len(text) >= ENOUGH
