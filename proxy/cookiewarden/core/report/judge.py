"""Judgements of an inventory by a policy. The engine that enforces judges each shape of each cookie again.

An inventory has no values, so conditions on values are not covered, such as the size limit or a given consent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.cookies.scope import canonical_host
from cookiewarden.core.engine.decision import Action, Decision, Exchange, Reason
from cookiewarden.core.engine.decision import Judged as JudgedCookie
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.verbs import is_refused_at
from cookiewarden.core.policy.policy import Entry
from cookiewarden.core.report.inventory import Inventory, Record, Shape, ShapeSeen, Side

VALUE = b"x"
DEPENDS_ON_VALUE = frozenset({Reason.SEAL_INVALID, Reason.DUPLICATE_NAME})
SEVERITY = (Action.PASS, Action.EVICT, Action.REWRITE, Action.STRIP, Action.BLOCK)
"""Actions in order of severity, the worst last."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision that a cookie from one side would get."""

    side: Side
    entry: str
    action: Action
    reasons: tuple[Reason, ...]
    enforced: bool
    """False if `stage` or `undeclared` only report the cookie, even in enforce mode."""
    count: int
    stated: frozenset[str] = frozenset()
    """The keys that the entry itself has."""
    ends_once: bool = False
    """True if visits must not extend the cookie's life, and its value decides on that."""
    shape: ShapeSeen | None = None
    """Shape of the judged Set-Cookie line."""
    before: bytes = b""
    after: bytes | None = None
    """The line after the decision, with the value `x`."""


Judged = Mapping[str, list[Judgement]]
"""Judgements by the record's name."""


def judge_all(inventory: Inventory, engine: Engine, now: float) -> Judged:
    """Return the judgements of all records, by an engine in enforce mode."""
    return {name: judge(record, engine, now) for name, record in inventory.records.items()}


def judge(record: Record, engine: Engine, now: float) -> list[Judgement]:
    """Return one judgement per side and per shape of the record, each the most severe of all hosts seen."""
    found = []
    transports = engine.policy.transports
    for shape in record.shapes:
        lines = [set_cookie_of(record.name, shape)]
        if record.largest and transports:  # a large cookie may be too large when it is sealed or renamed
            lines.append(set_cookie_of(record.name, shape, VALUE * (record.largest - len(record.name.encode()))))
        found.append(
            max((_on_response(line, shape, x, engine, now) for line in lines for x in _exchanges(record)), key=_worst)
        )
    if record.by_server and not record.shapes:
        deletion = ShapeSeen(Shape(), record.deletions, 0, 0)
        line = record.name.encode() + b"=; Path=/; Max-Age=0"
        found.append(max((_on_response(line, deletion, x, engine, now) for x in _exchanges(record)), key=_worst))
    for side in (Side.REQUEST, Side.SCRIPT):
        if side in record.sides:
            count = record.sides[side].count
            found.append(max((_held(record, side, count, x, engine, now) for x in _exchanges(record)), key=_worst))
    return found


def _worst(judgement: Judgement) -> int:
    return SEVERITY.index(judgement.action) if judgement.enforced else 0


def _exchanges(record: Record) -> list[Exchange]:
    places = {host: path for host, path in reversed(record.places)} or {"localhost": "/"}
    https = not record.over_http
    return [Exchange(host.encode(), path.encode(), https) for host, path in places.items()]


def _on_response(line: bytes, seen: ShapeSeen, exchange: Exchange, engine: Engine, now: float) -> Judgement:
    outcome = engine.on_response([(b"Set-Cookie", line)], exchange, now)
    judged = outcome.cookies[-1]
    decision = judged.decision
    return Judgement(
        Side.SERVER,
        _entry(decision),
        decision.action,
        (*decision.reasons, *_refusals(judged, exchange)),
        decision.enforced,
        seen.count,
        _stated(decision.entry) if decision.entry is not None else frozenset(),
        decision.entry is not None and not decision.entry.rules.renew and decision.entry.seal is None,
        seen,
        line,
        judged.after,
    )


def _stated(entry: Entry) -> frozenset[str]:
    """Return the keys that the entry states. A move is always deliberate, also one in the defaults."""
    moved = {"path": entry.rules.path_moves, "domain": entry.rules.domain_moves}
    return entry.stated | {key for key, moves in moved.items() if moves}


def _refusals(judged: JudgedCookie, exchange: Exchange) -> tuple[Reason, ...]:
    """Return the refusal of a public suffix as the Domain. The data plane does not load the list of suffixes."""
    reason = Reason.BROWSER_WOULD_REFUSE
    cookie = parse_set_cookie(judged.after) if judged.after is not None else None
    if cookie is None or reason in judged.decision.reasons:
        return ()
    return (reason,) if is_refused_at(cookie, canonical_host(exchange.host)) else ()


def _held(record: Record, side: Side, count: int, exchange: Exchange, engine: Engine, now: float) -> Judgement:
    header = record.name.encode() + b"=" + VALUE
    decision = engine.on_request([(b"Cookie", header)], exchange, now).cookies[0].decision
    action, reasons = decision.action, decision.reasons
    if not DEPENDS_ON_VALUE.isdisjoint(reasons):
        action, reasons = Action.PASS, ()
    return Judgement(side, _entry(decision), action, reasons, decision.enforced, count)


def _entry(decision: Decision) -> str:
    return decision.entry.name if decision.entry is not None else ""


def set_cookie_of(name: str, seen: ShapeSeen, value: bytes = VALUE) -> bytes:
    """Return a Set-Cookie value of this shape, with the longest lifetime seen."""
    return b"; ".join([name.encode() + b"=" + value, *map(str.encode, attributes_of(seen.shape, seen.longest))])


def attributes_of(shape: Shape, seconds: int) -> list[str]:
    """Return the attributes of a shape in the form of a Set-Cookie line."""
    given = {"Path": shape.path, "Domain": shape.domain, "SameSite": shape.same_site}
    flags = {"Secure": shape.secure, "HttpOnly": shape.http_only, "Partitioned": shape.partitioned}
    return [
        *(f"{name}={text}" for name, text in given.items() if text),
        *([f"Max-Age={seconds}"] if seconds else []),
        *([f"{shape.lifetime_unreadable}=?"] if shape.lifetime_unreadable else []),
        *(name for name, on in flags.items() if on),
    ]
