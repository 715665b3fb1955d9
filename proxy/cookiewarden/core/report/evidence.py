"""Evidence that an application needs the absence of an attribute, such as HttpOnly. It contains no values."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from cookiewarden.core.engine.decision import Header
from cookiewarden.core.policy.policy import is_script_read
from cookiewarden.core.policy.problem import counted
from cookiewarden.core.report.inventory import Inventory, Record, Side

MIN_VALUE = 8
"""Octets of a value that is searched in headers; shorter ones are equal by chance."""
MAX_VALUES = 10_000
"""Maximum number of values that are compared; afterwards, no change is reported."""
_BY_BROWSERS = frozenset({b"cookie", b"referer", b"host", b"origin", b"user-agent", b"if-none-match"})
"""Header fields that scripts do not write."""
_SESSION = re.compile(
    r"(?i)(?:__(?:host|secure)-)?(?:phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|sid|sess(?:ion)?(?:[-_.]?id)?)"
)
"""Names of sessions, which scripts rarely read."""


class Values:
    """Comparison of the values in one recording. It keeps hashes in memory, and returns facts."""

    def __init__(self, one_browser: bool) -> None:
        """Start a comparison. `one_browser`: the recording has the traffic of one browser, in order."""
        self.one_browser = one_browser
        self._known: dict[bytes, set[int]] = {}
        """Hashes of the values that were set or sent, by name."""
        self._set: set[tuple[bytes, bytes]] = set()
        """Pairs of host and name that a response has set."""
        self._count = 0

    def was_set(self, host: bytes, name: bytes, value: bytes) -> None:
        """Take note of the value in a Set-Cookie."""
        if self.one_browser:
            self._is_new(name, value)
            self._set.add((host, name))

    def is_changed(self, host: bytes, name: bytes, value: bytes) -> bool:
        """Check for a value in a request that no Set-Cookie held, although the host has set the cookie."""
        if not self.one_browser:
            return False
        return self._is_new(name, value) and (host, name) in self._set

    def _is_new(self, name: bytes, value: bytes) -> bool:
        known = self._known.setdefault(name, set())
        if hash(value) in known or self._count >= MAX_VALUES:
            return False
        known.add(hash(value))
        self._count += 1
        return True


def is_carried(value: bytes, headers: Iterable[Header]) -> bool:
    """Check whether a header that scripts write has a cookie's value: literal, decoded or without quotes."""
    if len(value) < MIN_VALUE:
        return False
    forms = {value, unquote_to_bytes(value), value.strip(b'"')}
    return any(
        not forms.isdisjoint((text.strip(), *text.split()))
        for name, text in headers
        if name.lower() not in _BY_BROWSERS
    )


def hidden_cookies(inventory: Inventory) -> int:
    """Count the cookies that the application always sets with HttpOnly."""
    return sum(
        bool(record.shapes) and all(seen.shape.http_only for seen in record.shapes)
        for record in inventory.records.values()
    )


def readable(record: Record) -> str:
    """Return how often the application set a cookie without HttpOnly, or empty if it always sets HttpOnly."""
    without = sum(seen.count for seen in record.shapes if not seen.shape.http_only)
    every = sum(seen.count for seen in record.shapes)
    if not without:
        return ""
    return f"{without} of {counted(every, 'time')}" if without < every else counted(every, "time")


def against_http_only(record: Record, hidden: int) -> tuple[str, ...]:
    """Return the observations that scripts read or write a cookie, the strongest first.

    `hidden`: the number of cookies that the application sets with HttpOnly."""
    found = []
    if record.in_headers:
        found.append(f"a request header had its value {counted(record.in_headers, 'time')}")
    if record.changed:
        found.append(f"browsers sent a value that no response had set {counted(record.changed, 'time')}")
    if Side.SCRIPT in record.sides:
        found.append(f"scripts set it {counted(record.sides[Side.SCRIPT].count, 'time')}")
    if is_script_read(record.name):
        found.append("scripts commonly read this name")
    if hidden and readable(record):
        found.append(f"the application sets HttpOnly on {counted(hidden, 'other cookie')}, but not on this one")
    return tuple(found)


def for_http_only(record: Record) -> tuple[str, ...]:
    """Return the observations that no script needs a cookie."""
    found = []
    if record.compared and not record.in_headers and not record.changed:
        found.append(f"no script was seen to read or change it in {counted(record.compared, 'request')}")
    if _SESSION.fullmatch(record.name):
        found.append("the name is of a session, which scripts rarely read")
    return tuple(found)


def slides(record: Record) -> str:
    """Describe the visits that extended a cookie's life, because they set the value again; may be empty."""
    is_kept = any(seen.longest for seen in record.shapes)
    if not record.renewals or not is_kept:
        return ""
    return f"visits extend its life: {record.renewals} of {counted(record.visits, 'visit')} set the same value again"


MIN_VISITS = 2
"""Number of visits after which a value that always changes is reported."""


def changes_at_each_visit(record: Record) -> str:
    """Describe a cookie whose value changed at each visit, so that each one begins a new life; may be empty."""
    if record.visits < MIN_VISITS or record.renewals:
        return ""
    return f"its value changed at each of {counted(record.visits, 'visit')}, so each visit begins a new life"


def sent_from_other_sites(record: Record) -> str:
    """Describe the requests of other sites that had a cookie."""
    if record.cross_posts:
        return f"sent with {counted(record.cross_posts, 'POST')} from other sites (sign-in, payments)"
    return f"sent with {counted(record.cross_site, 'request')} from other sites (frames, images, scripts)"
