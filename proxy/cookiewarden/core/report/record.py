"""Recording of complete exchanges in an inventory, for callers that are not a proxy."""

from collections.abc import Iterable

from cookiewarden.core.cookies.cookie import is_deletion, parse_cookie, parse_set_cookie
from cookiewarden.core.cookies.crossing import Crossing, crossing
from cookiewarden.core.cookies.date import ExpiresClock, expires_clock
from cookiewarden.core.cookies.scope import canonical_host, is_trustworthy
from cookiewarden.core.engine.decision import Exchange, Header, Judged
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.report.evidence import Values, is_carried
from cookiewarden.core.report.inventory import (
    Inventory,
    Keeper,
    Observation,
    Shape,
    name_text,
    sample_path,
    shape_of,
    short_text,
)


def add_exchange(
    keeper: Keeper,
    engine: Engine,
    exchange: Exchange,
    asked: list[Header],
    answered: list[Header],
    at: float,
    values: Values | None = None,
) -> None:
    """Record the cookies of a request and its response, judged by `engine` at time `at` (seconds since the epoch).

    `values` compares the values of a recording."""
    host = canonical_host(exchange.host)
    place = short_text(host), sample_path(exchange.target)
    crosses = _crossing(exchange, asked)
    for judged in engine.on_request(asked, exchange, at).cookies:
        seen = _seen("request", judged, place)
        if values is not None:
            value = judged.before.partition(b"=")[2].strip(b" \t")
            seen = seen._replace(
                is_compared=values.one_browser,
                is_in_header=is_carried(value, asked),
                is_changed=values.is_changed(host, judged.name, value),
            )
        keeper.add(seen, 1, crosses is not Crossing.NONE, at, crosses is Crossing.POST)
    clock = expires_clock([value for name, value in answered if name.lower() == b"date"], at)
    held = _held(asked)
    for judged in engine.on_response(answered, exchange, at).cookies:
        if judged.before:
            seen = _set(judged, place, clock)
            if seen.shape is not None and judged.name in held:
                seen = seen._replace(is_held=True, is_renewal=_value(judged.before) in held[judged.name])
            is_refused = seen.shape is not None and not seen.shape.secure and not _takes_secure(exchange, host)
            keeper.add(seen._replace(is_over_http=is_refused), 1, 0, at)
            if values is not None:
                values.was_set(host, judged.name, _value(judged.before))


def _value(line: bytes) -> bytes:
    """Return the value of a Set-Cookie line."""
    return line.partition(b";")[0].partition(b"=")[2].strip(b" \t")


def _held(asked: list[Header]) -> dict[bytes, set[bytes]]:
    """Return the values that the browser sent, by name."""
    found: dict[bytes, set[bytes]] = {}
    for name, piece in parse_cookie(b"; ".join(value for field, value in asked if field.lower() == b"cookie")):
        found.setdefault(name, set()).add(_value(piece))
    return found


def bind(inventory: Inventory, names: Iterable[bytes]) -> None:
    """Mark the cookies that the registrations of a recording bind to the device."""
    for name in names:
        record = inventory.records.get(name_text(name))
        if record is not None:
            record.device_bound = True


def _takes_secure(exchange: Exchange, host: bytes) -> bool:
    """Check whether browsers accept Secure cookies in an exchange."""
    return exchange.https or is_trustworthy(host)


def _crossing(exchange: Exchange, asked: list[Header]) -> Crossing:
    def value(wanted: bytes) -> bytes:
        return b", ".join(value.strip(b" \t") for name, value in asked if name.lower() == wanted)

    return crossing(
        exchange.method, exchange.host, value(b"sec-fetch-site"), value(b"sec-fetch-dest"), value(b"origin")
    )


def _set(judged: Judged, place: tuple[str, str], clock: ExpiresClock) -> Observation:
    cookie = parse_set_cookie(judged.before)
    if cookie is None or is_deletion(cookie, clock):
        return _seen("response", judged, place)
    seen = _seen("response", judged, place, *shape_of(cookie, clock))
    return seen._replace(size=len(cookie.name) + len(cookie.value))


def _seen(
    direction: str, judged: Judged, place: tuple[str, str], shape: Shape | None = None, seconds: int = 0
) -> Observation:
    decision = judged.decision
    return Observation(
        judged.name,
        direction,
        decision.entry.name if decision.entry else "",
        decision.action.value,
        tuple(reason.value for reason in decision.reasons),
        decision.enforced,
        *place,
        shape,
        seconds,
    )
