"""Inventory of the cookies seen: names, shapes, decisions, times and places, without values.

Its size is limited, and cookies for which it had no space are counted. Names set by a server and names sent only by
browsers have separate limits, so that clients cannot displace the application's cookies."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from cookiewarden.core.cookies.cookie import MAX_PAIR, SetCookie
from cookiewarden.core.cookies.date import ExpiresClock

MAX_NAMES = 1000
"""Maximum number of undeclared names set by servers, and of undeclared names sent only by browsers."""
MAX_GLOB_NAMES = 32
"""Maximum number of names for an entry with a `*`. Further names are counted under the entry's own name."""
MAX_NAME = 256
"""Maximum length of a recorded name, in octets."""
MAX_SHAPES = 8
MAX_ROWS = 24
MAX_PLACES = 5
MAX_TEXT = 100
"""Maximum length of a host or of a path segment, in characters."""
MAX_SHOWN = 256
"""Maximum length of a recorded host, Path or Domain, in characters; a Domain may have 253."""
ROOM_SECONDS = 60.0
"""Minimum time between two attempts to free space, in seconds."""
STALE = 86400.0
"""Seconds after which a name that was seen only once may be removed to free space."""


class Side(StrEnum):
    """Origin of an observed cookie."""

    SERVER = "server"
    """A Set-Cookie line of the application."""
    REQUEST = "request"
    """A request from a browser."""
    SCRIPT = "script"
    """A script, as reported by the script guard."""


@dataclass(slots=True)
class Times:
    """Count, with the first and last time in seconds since the epoch."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, count: int, at: float) -> None:
        self.first = min(self.first, at) if self.count else at
        self.last = max(self.last, at)
        self.count += count


@dataclass(frozen=True, slots=True)
class Shape:
    """A Set-Cookie line without its name, value and numbers."""

    persistent: bool = False
    secure: bool = False
    http_only: bool = False
    partitioned: bool = False
    same_site: str = ""
    path: str = ""
    domain: str = ""
    lifetime_unreadable: str = ""
    """`Max-Age` or `Expires` if that attribute is invalid and browsers interpret it differently, else empty."""


@dataclass(slots=True)
class ShapeSeen:
    """A shape with its count and its shortest and longest lifetime in seconds (0 for a session)."""

    shape: Shape
    count: int
    shortest: int
    longest: int


@dataclass(slots=True)
class Row:
    """Decisions of the policy in force on a cookie."""

    direction: str
    """`response`, `request` or `script`."""
    entry: str
    """Name of the entry; empty if undeclared."""
    action: str
    reasons: tuple[str, ...]
    enforced: int
    """Count of decisions that were applied, not only reported."""
    times: Times


class Observation(NamedTuple):
    """A cookie in a request or a response, with the decision on it.

    It is a tuple, because a frozen dataclass of so many fields takes 2 µs to create."""

    name: bytes
    direction: str
    entry: str
    action: str
    reasons: tuple[str, ...]
    enforced: bool
    host: str
    path: str
    shape: Shape | None = None
    """Shape of the Set-Cookie line, unless it is a deletion."""
    seconds: int = 0
    """Lifetime in seconds; 0 for a session."""
    is_compared: bool = False
    """True if its value was compared with other headers and with the values that responses set."""
    is_in_header: bool = False
    """True if another header of the request had the cookie's value."""
    is_changed: bool = False
    """True if no Set-Cookie held the value that the browser sent."""
    size: int = 0
    """Octets of name and value in a Set-Cookie line."""
    is_held: bool = False
    """True for a Set-Cookie line of a cookie that the browser sent."""
    is_renewal: bool = False
    """True if that line has the value that the browser sent."""
    is_over_http: bool = False
    """True for a Set-Cookie line without Secure over plain HTTP, at a host that cannot set Secure cookies there."""


@dataclass(slots=True)
class Record:
    """Observations of a cookie name."""

    name: str
    sides: dict[Side, Times] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    shapes: list[ShapeSeen] = field(default_factory=list)
    deletions: int = 0
    cross_site: int = 0
    """Count of requests from other sites, except plain navigations, with this cookie. SameSite=Lax would remove it."""
    cross_posts: int = 0
    """Count of those with POST or another method that is not safe, such as sign-ins and payments."""
    largest: int = 0
    """Octets of name and value in the largest Set-Cookie line that was examined and that browsers accept."""
    compared: int = 0
    """Count of requests in recordings whose value was compared; a proxy does not compare values."""
    in_headers: int = 0
    """Count of requests in which another header had the cookie's value, so that a script has read it."""
    changed: int = 0
    """Count of requests with a value that no Set-Cookie held, so that a script may have written it."""
    visits: int = 0
    """Count of Set-Cookie lines in recordings for a cookie that the browser sent; a proxy does not compare values."""
    renewals: int = 0
    """Count of those with the value that the browser sent, so that visits extend the cookie's life."""
    device_bound: bool = False
    """True if a recording has the registration of a session that binds the cookie to the device."""
    over_http: int = 0
    """Count of Set-Cookie lines in recordings that Secure would make browsers refuse, because they use plain HTTP."""
    places: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of host and path where it was seen, up to `MAX_PLACES`."""
    more_places: bool = False

    @property
    def count(self) -> int:
        return sum(times.count for times in self.sides.values())

    @property
    def first(self) -> float:
        return min((times.first for times in self.sides.values()), default=0.0)

    @property
    def last(self) -> float:
        return max((times.last for times in self.sides.values()), default=0.0)

    @property
    def entry(self) -> str:
        """Name of the last entry that decided on the cookie under the policy in force; empty if there was none."""
        return next((row.entry for row in reversed(self.rows) if row.entry), "")

    @property
    def by_server(self) -> bool:
        return Side.SERVER in self.sides

    @property
    def is_bounded(self) -> bool:
        """True if the record is within the limits of this module."""
        return (
            len(self.shapes) <= MAX_SHAPES
            and len(self.rows) <= MAX_ROWS
            and len(self.places) <= MAX_PLACES
            and all(len(text) <= MAX_SHOWN for place in self.places for text in place)
            and all(len(text) <= MAX_SHOWN for s in self.shapes for text in (s.shape.path, s.shape.domain))
        )

    def add(self, observation: Observation, count: int, crossed: int, at: float, posted: int) -> None:
        if observation.direction in SIDES:
            self.sides.setdefault(SIDES[observation.direction], Times()).add(count, at)
        self.cross_site += crossed
        self.cross_posts += posted
        if self.largest < observation.size <= MAX_PAIR:
            self.largest = observation.size
        self.compared += count if observation.is_compared else 0
        self.in_headers += count if observation.is_in_header else 0
        self.changed += count if observation.is_changed else 0
        self.visits += count if observation.is_held else 0
        self.renewals += count if observation.is_renewal else 0
        self.over_http += count if observation.is_over_http else 0
        if observation.shape is not None:
            self._shape(observation.shape, observation.seconds, count)
        elif observation.direction == "response":
            self.deletions += count
        self._row(observation, count, at)
        place = (observation.host, observation.path)
        if place not in self.places:
            self.more_places = self.more_places or len(self.places) >= MAX_PLACES
            if len(self.places) < MAX_PLACES:
                self.places.append(place)

    def _shape(self, shape: Shape, seconds: int, count: int) -> None:
        known = next((known for known in self.shapes if known.shape == shape), None)
        if known is None and len(self.shapes) >= MAX_SHAPES:
            known = self.shapes[-1]
        if known is None:
            self.shapes.append(ShapeSeen(shape, count, seconds, seconds))
            return
        known.count += count
        known.shortest, known.longest = min(known.shortest, seconds), max(known.longest, seconds)

    def _row(self, observation: Observation, count: int, at: float) -> None:
        wanted = (observation.direction, observation.entry, observation.action, observation.reasons)
        row = next((r for r in self.rows if (r.direction, r.entry, r.action, r.reasons) == wanted), None)
        if row is None and len(self.rows) >= MAX_ROWS:
            row = self.rows[-1]
        if row is None:
            row = Row(*wanted, 0, Times())
            self.rows.append(row)
        row.enforced += count if observation.enforced else 0
        row.times.add(count, at)


SIDES = {"response": Side.SERVER, "request": Side.REQUEST, "script": Side.SCRIPT}
"""Sides by direction. Evictions by the proxy have no side."""


@dataclass(slots=True)
class Inventory:
    """Records by name."""

    since: float = 0.0
    """Start of the inventory, in seconds since the epoch."""
    records: dict[str, Record] = field(default_factory=dict)
    left_out: dict[Side, int] = field(default_factory=dict)
    """Count of cookies that were not recorded for lack of space."""
    policy_since: float = 0.0
    """Time since which rows are decisions of the policy in force, in seconds since the epoch."""

    def new_policy(self, now: float) -> None:
        """Start a new policy: remove the decisions of the previous one."""
        self.policy_since = now
        for record in self.records.values():
            record.rows.clear()

    def bound(self, declared: Callable[[str], bool]) -> None:
        """Limit the undeclared names of each side to `MAX_NAMES`, and keep the names seen last.

        This is for an inventory from elsewhere; a `Keeper` limits its own."""
        undeclared = [record for record in self.records.values() if not declared(record.name)]
        for by_server in (True, False):
            side = [record for record in undeclared if record.by_server is by_server]
            for record in sorted(side, key=lambda record: -record.last)[MAX_NAMES:]:
                del self.records[record.name]
                for which, times in record.sides.items():
                    self.leave_out(which, times.count)

    def leave_out(self, side: Side, count: int) -> None:
        """Count cookies that were not recorded."""
        self.left_out[side] = self.left_out.get(side, 0) + count


class Room(NamedTuple):
    """The limit that a name counts against: of an entry, or of the undeclared names of a side."""

    entry: str
    side: Side | None


class Keeper:
    """Writer of an inventory that limits its size."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._rooms: dict[str, Room] = {}
        """The limit that each name counts against."""
        self._taken: Counter[Room] = Counter()
        self._next_look = 0.0
        for record in inventory.records.values():
            self._take(record.name, _room(record.entry, record.by_server))

    def add(self, observation: Observation, count: int, crossed: int, at: float, posted: int = 0) -> None:
        """Add an observation made `count` times, last at `at` (seconds since the epoch).

        `crossed` is the number of these that came from other sites, and `posted` of those with a POST."""
        record = self._record(observation, at)
        if record is not None:
            record.add(observation, count, crossed, at, posted)
        elif observation.direction in SIDES:
            self.inventory.leave_out(SIDES[observation.direction], count)

    def _record(self, observation: Observation, at: float) -> Record | None:
        """Return the record for an observation, or None if the space is used up."""
        records, name = self.inventory.records, name_text(observation.name)
        room = _room(observation.entry, observation.direction == "response")
        if name in records:
            if room.side is Side.SERVER and self._is_of_requests(name) and self._has_room(room, at):
                self._take(name, room)
            return records[name]
        if len(observation.name) > MAX_NAME or not self._has_room(room, at):
            if not observation.entry:
                return None
            name = observation.entry
        if name not in records:
            records[name] = Record(name)
            self._take(name, room)
        return records[name]

    def _is_of_requests(self, name: str) -> bool:
        """Check whether a name counts as an undeclared name sent only by browsers."""
        room = self._rooms.get(name)
        return room is not None and room.side is Side.REQUEST

    def _take(self, name: str, room: Room) -> None:
        self._leave(name)
        self._rooms[name] = room
        self._taken[room] += 1

    def _leave(self, name: str) -> None:
        room = self._rooms.pop(name, None)
        if room is not None:
            self._taken[room] -= 1

    def _has_room(self, room: Room, now: float) -> bool:
        if room in UNDECLARED_ROOMS:
            if self._taken[room] >= MAX_NAMES:
                self._make_room(room, now)
            return self._taken[room] < MAX_NAMES
        return "*" not in room.entry or self._taken[room] < MAX_GLOB_NAMES

    def _make_room(self, room: Room, now: float) -> None:
        """Remove names that were seen once, more than `STALE` seconds ago."""
        if now < self._next_look:
            return
        self._next_look = now + ROOM_SECONDS
        records = self.inventory.records
        for name in [name for name, taken in self._rooms.items() if taken == room]:
            if records[name].count == 1 and records[name].last < now - STALE:
                del records[name]
                self._leave(name)


UNDECLARED_ROOMS = frozenset({Room("", Side.SERVER), Room("", Side.REQUEST)})


def _room(entry: str, by_server: bool) -> Room:
    if entry:
        return Room(entry, None)
    return Room("", Side.SERVER if by_server else Side.REQUEST)


def name_text(name: bytes) -> str:
    r"""Return a cookie's name as text, with octets that are not valid UTF-8 as `\xNN`."""
    return name.decode("utf-8", "backslashreplace")


def short_text(octets: bytes) -> str:
    text = octets[: 4 * MAX_TEXT].decode("utf-8", "backslashreplace")
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


_PLAIN = re.compile(
    rb"(?=.{1,24}$)[A-Za-z_-]+(?:\.(?:action|aspx?|cgi|css|do|html?|js|json|jspx?|mjs|php|pl|woa|xhtml|xml))?",
    re.IGNORECASE,
)
"""A path segment that is not personal: words, optionally with the extension of a page or a script."""
_PEOPLE = re.compile(
    rb"(?:users?|u|people|persons?|members?|profiles?|accounts?|customers?|clients?|candidates?|employees?|authors?|contacts?|"
    rb"patients?|students?|staff|teams?|home)",
    re.IGNORECASE,
)
"""A path segment that is usually followed by the name of a person."""


_SEGMENT = re.compile(rb"[^/]+")


def sample_path(target: bytes) -> str:
    """Return a path without personal data: at most two segments, no query, and `*` for a segment that may be personal.
    A slash at its end is kept.

    A segment with a `;`, a `.`, a digit, an `@` or another special character may have a session, an address or a
    name."""
    path = target.partition(b"?")[0]
    segments = [found[0] for found in islice(_SEGMENT.finditer(path), 3)]
    shown = [s.decode() if _PLAIN.fullmatch(s) else "*" for s in segments[:2]]
    if len(shown) == 2 and _PEOPLE.fullmatch(segments[0]):
        shown[1] = "*"
    end = "/…" if len(segments) > 2 else "/" if segments and path.endswith(b"/") else ""
    return "/" + "/".join(shown) + end


def shape_of(cookie: SetCookie, clock: ExpiresClock) -> tuple[Shape, int]:
    """Return the shape of a line that is not a deletion, and its lifetime in seconds (0 for a session)."""
    seconds = lifetime_of(cookie, clock)

    def last(name: bytes) -> bytes:
        return cookie.last(name) or b""

    path, domain, same_site = last(b"path"), last(b"domain").lower().lstrip(b"."), last(b"samesite")
    shape = Shape(
        persistent=seconds > 0,
        secure=cookie.has(b"secure"),
        http_only=cookie.has(b"httponly"),
        partitioned=cookie.has(b"partitioned"),
        same_site=_known(same_site, same_site.lower() in (b"", b"none", b"lax", b"strict")),
        path=sample_path(path) if path.startswith(b"/") else _known(path, not path),
        domain=_known(domain, _DOMAIN.fullmatch(domain) is not None),
        lifetime_unreadable=unreadable(cookie, clock),
    )
    return shape, seconds


_SPELLED = {b"max-age": "Max-Age", b"expires": "Expires"}
UNKNOWN = "?"
"""Replaces attribute values unknown to browsers, which may be part of a cookie value that contains a `;`."""
_DOMAIN = re.compile(rb"[a-z0-9.-]{0,253}")


def _known(value: bytes, is_known: bool) -> str:
    return value.decode() if is_known else UNKNOWN


def lifetime_of(cookie: SetCookie, clock: ExpiresClock) -> int:
    """Return the lifetime of a cookie in seconds; 0 for a session.

    Max-Age takes precedence over Expires (RFC 6265 4.1.2.2), and Expires counts only if its clock is known."""
    counts = cookie.lifetime().counts
    if counts is None:
        return 0
    _, name, _, says = counts
    if says is None or (name == b"expires" and not clock.is_known):
        return 0
    return max(0, says if name == b"max-age" else round(says - clock.earliest))


def unreadable(cookie: SetCookie, clock: ExpiresClock) -> str:
    """Return the name of an invalid Max-Age or Expires (RFC 6265bis), or of an Expires with an unknown clock, or empty.

    Each browser accepts different invalid values, such as `+60`, `99x`, a year of five digits or a date without a
    time."""
    for _, name, _, says in cookie.lifetime().all:
        if says is None or (name == b"expires" and not clock.is_known):
            return _SPELLED[name]
    return ""
