"""All counters of the data plane, in one flat array of 64-bit integers that traffic increments by `counts[i] += 1`.

A single process counts in a list. A worker of several counts in memory that its supervisor owns, so that counts survive
when it is killed. `exposition` assigns the numbers to metrics.

Label sets are closed. Text from the network (names, hosts, methods) is never used as a label.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from itertools import product
from typing import Final, NamedTuple, TypeVar

from cookiewarden.core.engine.decision import (
    NOT_VIOLATIONS,
    ONLY_REPORTED,
    UNDECLARED,
    Action,
    Decision,
    Reason,
)
from cookiewarden.serve.ingress import INGRESS_FIELDS
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.wire.forwarded import UNCLEAR

DECLARED = "__declared__"
"""The label of declared cookies beyond `metrics_max_entries`."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "OTHER")
CODE_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
ACTIONS = {
    "response": ("pass", "rewrite", "block", "report", "evict"),
    "request": ("pass", "strip", "report"),
    "script": ("block", "report"),
}
"""Actions on cookies, by direction. `report`: the policy calls for an action, and the cookie was left unchanged."""

UPSTREAM_ERRORS = (
    "connect",
    "connect_timeout",
    "tls",
    "pool",
    "read_timeout",
    "closed",
    "stale",
    "truncated",
    "surplus",
    "bad_response",
    "bad_response_header",
    "head_too_large",
)
CLIENT_ERRORS = (
    "abort",
    "bad_request",
    "not_implemented",
    "version",
    "head_too_large",
    "header_timeout",
    "body_too_large",
    "client_timeout",
    "overload",
    "proxy_protocol",
    "tls",
)
CONNECTIONS = tuple(product(("client", "upstream"), ("active", "idle")))
"""Open connections, by side and state."""

GUARD_PAGES = ("injected", "encoded", "csp", "not-html", "sniffed")
"""Pages under a script guard, by result of inserting its tag."""

DURATION_BUCKETS: Final[tuple[float, ...]] = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
OVERHEAD_BUCKETS: Final[tuple[float, ...]] = (0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05)
"""Upper bounds in seconds."""

K = TypeVar("K")
Counts = MutableSequence[int] | memoryview


def _places(keys: Iterable[K], at: int) -> tuple[dict[K, int], int]:
    """Number the keys from `at` on. Return the number of each key, and the next free number."""
    places = {key: number for number, key in enumerate(keys, at)}
    return places, at + len(places)


# The array has a fixed part, and then one part for each label of a cookie. Final numbers cost the compiled build no
# look-up.
IN_FLIGHT: Final = 0
POLICY_ERRORS: Final = 1
FORWARDED_REPLACED: Final = 2
ALT_SVC_DROPPED: Final = 3
CALLS: Final = 4
CALL_RESETS: Final = 5
MUTATIONS_LEFT_OUT: Final = 6
NEVER_ANSWERED: Final = 7
WITHOUT_GPC: Final = 8
WITH_GPC: Final = 9
_requests_at, _next = _places(product((m.encode() for m in METHODS), range(1, 6)), 10)
REQUESTS_AT: Final = _requests_at
UPSTREAM_ERRORS_AT, _next = _places(UPSTREAM_ERRORS, _next)
CLIENT_ERRORS_AT, _next = _places(CLIENT_ERRORS, _next)
CONNECTIONS_AT, _next = _places(CONNECTIONS, _next)
GUARD_PAGES_AT, _next = _places(GUARD_PAGES, _next)
FORWARDED_UNCLEAR_AT, _next = _places(UNCLEAR, _next)
INGRESS_FIELDS_AT, _next = _places(product(INGRESS_FIELDS, (False, True)), _next)
"""By name, and whether the field was removed."""
DURATION_AT: Final = _next
OVERHEAD_AT: Final = DURATION_AT + len(DURATION_BUCKETS) + 2  # one bucket without an upper bound, then the sum in ns
LABELS_AT: Final = OVERHEAD_AT + len(OVERHEAD_BUCKETS) + 2

COOKIES_AT, _next = _places(((d, a) for d, actions in ACTIONS.items() for a in actions), 0)
VIOLATIONS_AT, LABEL_SIZE = _places(product((r.value for r in Reason), (False, True)), _next)

GAUGES = (IN_FLIGHT, CALLS, *CONNECTIONS_AT.values())

MAX_REMEMBERED = 20_000
"""Maximum number of decisions for which the places of counters are cached. The limit bounds the memory that they keep
and the work of garbage collection."""


def done(decision: Decision) -> str:
    """Return the action on a cookie, as the metrics name it."""
    return decision.action.value if decision.enforced or decision.action is Action.PASS else "report"


class Cells(Mapping[K, int]):
    """A mapping of names to some of the counts."""

    def __init__(self, counts: Counts, places: dict[K, int]) -> None:
        self._counts = counts
        self._places = places

    def __getitem__(self, key: K) -> int:
        return self._counts[self._places[key]]

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, key: K) -> None:
        self._counts[self._places[key]] += 1


class Label(NamedTuple):
    """The label under which the cookies of an entry are counted."""

    role: Role
    """Role of the policy that judged them."""
    cookie: str
    """Name of the entry, or a label for cookies without a separate one."""


class Labels:
    """The labels of cookies, numbered in the order of their declaration. A number never changes, so counters do not
    decrease at a reload."""

    def __init__(self, max_entries: int, shadow: bool = False) -> None:
        """Create the labels. `shadow`: there is a second policy."""
        self.max_entries = max_entries
        roles = (Role.IN_FORCE, Role.SHADOW) if shadow else (Role.IN_FORCE,)
        self.numbers = {Label(role, UNDECLARED): number for number, role in enumerate(roles)}
        self._policies = len(roles)

    @property
    def cells(self) -> int:
        """Length of the array for the current labels."""
        return LABELS_AT + LABEL_SIZE * len(self.numbers)

    @property
    def max_cells(self) -> int:
        """Length of the array for the maximum number of labels."""
        return LABELS_AT + LABEL_SIZE * (self.max_entries + 2) * self._policies

    def declare(self, names: Iterable[str], role: Role = Role.IN_FORCE) -> None:
        count = len(self.of(role))
        for label in (Label(role, name) for name in names):
            if label not in self.numbers:
                if count > self.max_entries:
                    self.numbers.setdefault(Label(role, DECLARED), len(self.numbers))
                    return
                self.numbers[label] = len(self.numbers)
                count += 1

    def of(self, role: Role) -> dict[str, int]:
        """Return the numbers of one policy's labels, by name of the cookie."""
        return {label.cookie: number for label, number in self.numbers.items() if label.role is role}


class Slot:
    """The counters for one kind of head."""

    __slots__ = ("count", "crossed", "once", "posted", "several")

    def __init__(self, places: Iterable[int]) -> None:
        counts = Counter(places)
        is_simple = counts.total() == len(counts)
        several = [] if is_simple else [(place, count) for place, count in counts.items() if count > 1]
        self.once = tuple(counts.keys() - {place for place, _ in several})
        """Counters that such a head increases by one."""
        self.several = tuple(several)
        """Counters that it increases by more, and by how much."""
        self.count = 0
        """Number of such heads since the last collection for the inventory."""
        self.crossed = 0
        """Number of such requests that came from other sites and were not plain navigations."""
        self.posted = 0
        """Number of those with POST or another method that is not safe."""


class Metrics:
    """The counters of one data plane."""

    def __init__(self, labels: Labels, counts: Counts | None = None) -> None:
        """Create the counters. `counts`: an array of `labels.max_cells` zeros, or None for a growing list."""
        self._grows = counts is None
        self.counts: Counts = counts if counts is not None else [0] * labels.cells
        self._list = self.counts if isinstance(self.counts, list) else None
        """The same counts, if they are a list, which the compiled build reads and writes faster."""
        self.labels = labels
        self.client_errors = Cells(self.counts, CLIENT_ERRORS_AT)
        self.upstream_errors = Cells(self.counts, UPSTREAM_ERRORS_AT)
        self.requests = Cells(self.counts, REQUESTS_AT)
        self.forwarded_unclear = Cells(self.counts, FORWARDED_UNCLEAR_AT)
        self.ingress_fields = Cells(self.counts, INGRESS_FIELDS_AT)
        self.guard_pages = Cells(self.counts, GUARD_PAGES_AT)
        # Separate by direction, so that the data plane looks up a direction and not a pair.
        self._slots: dict[str, dict[tuple[Decision, ...], Slot]] = {d: {} for d in ACTIONS}
        self._shadow_slots: dict[str, dict[tuple[Decision, ...], Slot]] = {d: {} for d in ACTIONS}
        self._kinds: dict[object, list[int]] = {}
        """Counters of decisions without regard to the entry, as numbers from a label's first counter."""
        self._remembered = 0
        self.generation = 0
        """Number of times that cached decisions were dropped. Other caches of decisions end with them."""

    def declare(self, names: Iterable[str], role: Role = Role.IN_FORCE) -> None:
        """Add labels for the entries of a policy that will be in force or tried, up to the limit."""
        self.labels.declare(names, role)
        if self._grows and self._list is not None:
            self._list += [0] * (self.labels.cells - len(self._list))
        self._forget()

    def _forget(self) -> None:
        for slots in (*self._slots.values(), *self._shadow_slots.values()):
            slots.clear()
        self._kinds.clear()
        self._remembered = 0
        self.generation += 1

    @property
    def in_flight(self) -> int:
        return self.counts[IN_FLIGHT]

    def add(self, at: int, count: int = 1) -> None:
        """Add to the counter with this number."""
        counts = self._list
        if counts is not None:
            counts[at] += count
        else:
            self.counts[at] += count

    def request(self, method: bytes, status: int, seconds: float, overhead: float) -> None:
        code_class = status // 100 if status < 600 else 5  # RFC 9110 15: treat an invalid status as 5xx
        at = REQUESTS_AT.get((method, code_class))
        at = REQUESTS_AT[b"OTHER", code_class] if at is None else at
        in_duration = DURATION_AT + bisect_left(DURATION_BUCKETS, seconds)
        in_overhead = OVERHEAD_AT + bisect_left(OVERHEAD_BUCKETS, overhead)
        counts = self._list
        if counts is not None:
            counts[at] += 1
            counts[in_duration] += 1
            counts[OVERHEAD_AT - 1] += int(seconds * 1e9)
            counts[in_overhead] += 1
            counts[LABELS_AT - 1] += int(overhead * 1e9)
            return
        for one in (at, in_duration, in_overhead):
            self.counts[one] += 1
        self.counts[OVERHEAD_AT - 1] += int(seconds * 1e9)
        self.counts[LABELS_AT - 1] += int(overhead * 1e9)

    def cookies(self, direction: str, decisions: tuple[Decision, ...]) -> Slot:
        """Count the judged cookies of one head. The places of repeated decisions are cached, which takes 0.1 µs per
        cookie instead of 2."""
        slots = self._slots[direction]
        slot = slots.get(decisions)
        if slot is None:
            slot = self._new_slot(slots, Role.IN_FORCE, direction, decisions)
        slot.count += 1
        self._count(slot)
        return slot

    def shadow_cookies(self, direction: str, decisions: tuple[Decision, ...]) -> None:
        """Count the decisions of the shadow policy."""
        slots = self._shadow_slots[direction]
        slot = slots.get(decisions)
        self._count(slot or self._new_slot(slots, Role.SHADOW, direction, decisions))

    def _count(self, slot: Slot) -> None:
        counts = self._list
        if counts is not None:
            for at in slot.once:
                counts[at] += 1
        else:
            for at in slot.once:
                self.counts[at] += 1
        for at, count in slot.several:
            self.add(at, count)

    def _new_slot(
        self,
        slots: dict[tuple[Decision, ...], Slot],
        role: Role,
        direction: str,
        decisions: tuple[Decision, ...],
    ) -> Slot:
        self._remembered += len(decisions)
        if self._remembered > MAX_REMEMBERED:
            self._forget()
        found: dict[object, list[int]] = {}
        places: list[int] = []
        for decision in decisions:
            alike = id(decision.entry), decision.action, decision.enforced, decision.reasons
            places += found.get(alike) or found.setdefault(alike, self._find(role, direction, decision))
        slot = slots[decisions] = Slot(places)
        return slot

    def _find(self, role: Role, direction: str, decision: Decision) -> list[int]:
        numbers = self.labels.numbers
        number = numbers.get(Label(role, decision.label))
        begin = LABELS_AT + LABEL_SIZE * (numbers[Label(role, DECLARED)] if number is None else number)
        kind = direction, decision.action, decision.enforced, decision.reasons
        counters = self._kinds.get(kind)
        if counters is None:
            counters = self._kinds[kind] = _counters(direction, decision)
        return [begin + at for at in counters]


def _counters(direction: str, decision: Decision) -> list[int]:
    """Return the counters that a decision increases, as numbers from its label's first one."""
    changes = decision.action is not Action.PASS
    found = [COOKIES_AT[direction, done(decision)]]
    for reason in decision.reasons:
        if reason not in NOT_VIOLATIONS:
            enforced = (
                changes and decision.enforced and (reason not in ONLY_REPORTED or decision.action is Action.BLOCK)
            )
            found.append(VIOLATIONS_AT[reason.value, enforced])
    return found
