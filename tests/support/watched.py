"""Inventories for tests, from cookies written as on the wire."""

from cookiewarden.core.cookies.cookie import is_deletion, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report.inventory import Inventory, Keeper, Observation, sample_path, shape_of
from cookiewarden.core.report.judge import Judged, judge_all
from cookiewarden.core.report.record import add_exchange
from cookiewarden.core.report.review import COUNTERS, GAUGES, Found, PolicyInForce, Series
from tests.support.policies import policy

NOW = 1_000_000.0


class Watched:
    """A policy, and an inventory of the traffic."""

    def __init__(self, text: str, mode: Mode = Mode.REPORT, keyring: object = None) -> None:
        self.engine = Engine(policy(text), mode, NOW, keyring)
        self.inventory = Inventory(NOW)
        self.keeper = Keeper(self.inventory)

    def exchange(self, url: str, *answered: str, asked: tuple[Header, ...] = ()) -> "Watched":
        """Record a complete exchange, as a recording has it: a URL with its scheme, and Set-Cookie values."""
        scheme, _, place = url.partition("://")
        host, _, path = place.partition("/")
        exchange = Exchange(host.encode(), f"/{path}".encode(), scheme == "https", asked)
        lines = [(b"Set-Cookie", line.encode()) for line in answered]
        add_exchange(self.keeper, self.engine, exchange, list(asked), lines, NOW)
        return self

    def sets(self, line: str, url: str = "shop.example/a", times: int = 1, at: float = NOW) -> "Watched":
        """Record a response with this Set-Cookie value."""
        host, _, path = url.partition("/")
        exchange = Exchange(host.encode(), f"/{path}".encode())
        (judged,) = self.engine.on_response([(b"Set-Cookie", line.encode())], exchange, NOW).cookies[-1:]
        cookie = parse_set_cookie(line.encode())
        shape, seconds = (None, 0)
        if cookie is not None and not is_deletion(cookie, clock_at(NOW)):
            shape, seconds = shape_of(cookie, clock_at(NOW))
        name = cookie.name if cookie is not None else b""
        self._add(
            name,
            "response",
            judged.decision,
            exchange,
            shape,
            seconds,
            times,
            0,
            at,
            size=len(line.partition(";")[0]) - 1,
        )
        return self

    def sends(
        self,
        header: str,
        url: str = "shop.example/a",
        times: int = 1,
        crossed: int = 0,
        at: float = NOW,
        posted: int = 0,
    ) -> "Watched":
        """Record a request with this Cookie value."""
        host, _, path = url.partition("/")
        exchange = Exchange(host.encode(), f"/{path}".encode())
        for judged in self.engine.on_request([(b"Cookie", header.encode())], exchange, NOW).cookies:
            self._add(judged.name, "request", judged.decision, exchange, None, 0, times, crossed, at, posted)
        return self

    def scripts(self, name: str) -> "Watched":
        """Record a script that sets this name."""
        scope = self.engine.scope_of(b"shop.example", b"/", True)
        decision = self.engine.judge_script(name.encode(), scope)
        assert decision is not None
        self._add(name.encode(), "script", decision, Exchange(b"shop.example"), None, 0, 1, 0, NOW)
        return self

    def _add(self, name, direction, decision, exchange, shape, seconds, times, crossed, at, posted=0, size=0) -> None:
        self.keeper.add(
            Observation(
                name, direction, decision.entry.name if decision.entry else "", decision.action.value,
                tuple(r.value for r in decision.reasons), decision.enforced, exchange.host.decode(),
                sample_path(exchange.target), shape, seconds, size=size,
            ),
            times, crossed, at, posted,
        )  # fmt: skip

    @property
    def judged(self) -> Judged:
        """Return the inventory, judged as if the policy were enforced."""
        enforcing = Engine(self.engine.policy, Mode.ENFORCE, NOW, self.engine._keyring)
        return judge_all(self.inventory, enforcing, NOW)


def answered(policies: list[PolicyInForce] | None = None, **series: list[Series]) -> Found:
    """Return an answer of Prometheus with these series only."""
    counted = {name: series.get(name, []) for name in COUNTERS}
    return Found(counted, {name: series.get(name, []) for name in GAUGES}, policies or [])


NONE = answered()
