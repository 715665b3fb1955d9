"""Observations of the data plane since the last collection, for the inventory.

Most heads repeat. Of each kind, only the first head since the last collection is examined; the others are counted,
which takes 0.1 µs per request. The memory is bounded, because clients can send any number of names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cookiewarden.core.cookies.cookie import is_deletion, name_of, parse_cookie, parse_set_cookie
from cookiewarden.core.cookies.date import ExpiresClock
from cookiewarden.core.engine.decision import Decision
from cookiewarden.core.report.inventory import Observation, Shape, Side, sample_path, shape_of, short_text
from cookiewarden.serve.observe.metrics import Slot

MAX_LOOKED = 2000
"""Maximum number of cookies examined between two collections. The others are only counted."""
MAX_TAILS = 20
"""Maximum number of different attribute lists of one response that are examined. Cookies with further ones are only
counted."""
MAX_OCTETS = 2048
"""Maximum octets of these attribute lists, because dates may take long to read."""
Examined = dict[bytes, tuple[Shape | None, int]]
"""The shape and lifetime of each attribute list of a response. The shape of a deletion is None."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """An observation and its number of occurrences."""

    observation: Observation
    count: int
    crossed: int
    """Number of occurrences in requests from other sites."""
    posted: int
    """Number of those with POST or another method that is not safe."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The observations of one collection. They contain no values."""

    cookies: list[Repeated] = field(default_factory=list)
    left_out: dict[Side, int] = field(default_factory=dict)


class Observations:
    """Collects observations until they are taken."""

    def __init__(self) -> None:
        self._looked: list[tuple[Slot, list[Observation]]] = []
        self._once: list[Observation] = []
        self._left_out: dict[Side, int] = {}
        self._room = MAX_LOOKED

    def on_request(
        self, slot: Slot, host: bytes, target: bytes, header: bytes, decisions: tuple[Decision, ...]
    ) -> None:
        """Record the first Cookie header of its kind."""
        names = [name for name, piece in parse_cookie(header) if piece.strip(b" \t")]
        if len(names) == len(decisions) and self._has_room(slot, Side.REQUEST, len(names)):
            place = short_text(host), sample_path(target)
            self._looked.append(
                (slot, [_observation(n, "request", d, *place) for n, d in zip(names, decisions, strict=True)])
            )

    def on_response(
        self,
        slot: Slot,
        host: bytes,
        target: bytes,
        lines: Iterable[tuple[bytes, bytes]],
        decisions: tuple[Decision, ...],
        clock: ExpiresClock,
        examined: Examined,
        is_over_http: bool = False,
    ) -> None:
        """Record the first run of Set-Cookie lines of its kind. `lines`: pairs of the bytes before a line, and it.
        `examined`: the attribute lists of earlier runs of the response, which are added to. `is_over_http`: browsers
        refuse Secure there."""
        if not self._has_room(slot, Side.SERVER, len(decisions)):
            return
        place = short_text(host), sample_path(target)
        found = []
        for (_, line), decision in zip(lines, decisions, strict=True):
            pair, _, tail = line.partition(b";")
            if tail not in examined:
                if len(examined) >= MAX_TAILS or len(tail) + sum(map(len, examined)) > MAX_OCTETS:
                    self._leave_out(Side.SERVER, 1)
                    continue
                cookie = parse_set_cookie(b"=x;" + tail)  # the value is not needed
                is_live = cookie is not None and not is_deletion(cookie, clock)
                examined[tail] = shape_of(cookie, clock) if cookie is not None and is_live else (None, 0)
            name = b"" if parse_set_cookie(pair) is None else name_of(pair)
            shape, seconds = examined[tail] if name or pair else (None, 0)
            seen = _observation(name, "response", decision, *place, shape, seconds, len(pair) - 1)
            is_refused = is_over_http and shape is not None and not shape.secure
            found.append(seen._replace(is_over_http=True) if is_refused else seen)
        self._looked.append((slot, found))

    def on_eviction(self, decisions: Mapping[bytes, Decision], host: bytes, target: bytes) -> None:
        """Record cookies that the proxy had browsers delete."""
        if len(decisions) <= self._room:
            self._room -= len(decisions)
            place = short_text(host), sample_path(target)
            self._once += [_observation(name, "evict", decision, *place) for name, decision in decisions.items()]

    def on_script(self, name: bytes, decision: Decision, host: bytes, target: bytes) -> None:
        """Record a report of a page's guard."""
        if not self._room:
            self._leave_out(Side.SCRIPT, 1)
            return
        self._room -= 1
        self._once.append(_observation(name, "script", decision, short_text(host), sample_path(target)))

    def _has_room(self, slot: Slot, side: Side, cookies: int) -> bool:
        if cookies <= self._room:
            self._room -= cookies
            return True
        slot.count = slot.crossed = slot.posted = 0  # the next head of this kind is examined if there is room
        self._leave_out(side, cookies)
        return False

    def _leave_out(self, side: Side, cookies: int) -> None:
        self._left_out[side] = self._left_out.get(side, 0) + cookies

    def take(self) -> Observed:
        """Return all observations and start again."""
        cookies = [Repeated(observation, 1, 0, 0) for observation in self._once]
        for slot, found in self._looked:
            cookies += [Repeated(observation, slot.count, slot.crossed, slot.posted) for observation in found]
            slot.count = slot.crossed = slot.posted = 0
        observed = Observed(cookies, self._left_out)
        self._looked, self._once, self._left_out, self._room = [], [], {}, MAX_LOOKED
        return observed


def _observation(
    name: bytes,
    direction: str,
    decision: Decision,
    host: str,
    path: str,
    shape: Shape | None = None,
    seconds: int = 0,
    size: int = 0,
) -> Observation:
    return Observation(
        name,
        direction,
        decision.entry.name if decision.entry is not None else "",
        str(decision.action),
        tuple(map(str, decision.reasons)),
        decision.enforced,
        host,
        path,
        shape,
        seconds,
        size=size,
    )
