"""cookiewarden as an addon of mitmproxy: `mitmdump -s "$(cookiewarden mitm path)" --set
cookiewarden_policy=policy.yaml`.

The addon uses the proxy's engine on mitmproxy's header fields. Each flow's comment lists the decisions. Flows in which
a cookie was blocked or changed are marked."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

from mitmproxy import command, ctx, flow, http
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.hooks import UpdateHook

from cookiewarden.core.engine.decision import Action, Exchange, Header, Judged, Outcome
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.expiry import next_expiry
from cookiewarden.core.policy.policy import Mode, OnError
from cookiewarden.core.policy.problem import printable, printable_octets, render_line
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys, keyring, keys_for

POLICY, MODE, KEYS = "cookiewarden_policy", "cookiewarden_mode", "cookiewarden_seal_key_file"
TOLD = "cookiewarden: "
"""Prefix of the addon's part of a flow's comment."""
REFUSED, CHANGED = ":no_entry:", ":cookie:"
"""Markers of flows in which a cookie was blocked or stripped, and in which one was changed."""
LOOK_SECONDS = 1.0
"""Seconds between two checks of the policy's files."""

log = logging.getLogger("cookiewarden")


class Addon:
    """The addon, with one policy for all flows."""

    engine: Engine | None = None
    files: PolicyFiles | None = None
    looked = 0.0
    next_expiry = math.inf

    def __init__(self) -> None:
        self.asked: WeakKeyDictionary[http.HTTPFlow, Exchange] = WeakKeyDictionary()
        """The request of each flow as the browser sent it, for judging the response."""

    def load(self, loader: Loader) -> None:
        loader.add_option(POLICY, str, "", "The policy file to enforce.")
        loader.add_option(
            MODE, str, "", "enforce or report; overrides the mode of the policy.", choices=["", *map(str, Mode)]
        )
        loader.add_option(KEYS, str, "", "File with the keys for cookies that the policy seals.")

    def configure(self, updated: set[str]) -> None:
        """Apply changed options. Raises OptionsError with the policy's problems."""
        if not {POLICY, MODE, KEYS} & updated:
            return
        path = getattr(ctx.options, POLICY)
        self.files = PolicyFiles(path) if path else None
        self.engine = None
        if wrong := self._read():
            self.files = None
            raise OptionsError("\n".join(wrong))

    def _read(self) -> list[str]:
        """Put the files in force. On errors, return them as lines and leave the previous policy in force."""
        if self.files is None:
            return []
        loaded = self.files.load()
        if loaded.policy is None:
            return [render_line(problem) for problem in loaded.problems]
        try:
            keys = keyring(keys_for(loaded.policy, getattr(ctx.options, KEYS), KEYS))
        except BadKeys as bad:
            return [str(bad)]
        mode, now = getattr(ctx.options, MODE), time.time()
        if mode and mode not in list(Mode):
            return [f'{MODE}: "{printable(mode)}" is not a valid mode; expected enforce or report']
        self.engine = Engine(loaded.policy, Mode(mode) if mode else None, now, keys)
        self.looked, self.next_expiry = now, next_expiry(loaded.policy, now)
        return []

    def _current(self) -> Engine | None:
        """Return the engine, after a reload if the files have changed."""
        now = time.time()
        if self.files is not None and now - self.looked >= LOOK_SECONDS:
            self.looked = now
            if now >= self.next_expiry or self.files.look() != self.files.loaded_from():
                self._reload()
        return self.engine

    def _reload(self) -> str:
        wrong = self._read()
        if wrong:
            told = f"reload failed, the previous policy stays in force: {wrong[0]}"
            log.error("%s", told)
            return told
        engine = self.engine
        told = f"policy in force: {engine.policy.name} ({engine.mode})" if engine else "no policy"
        log.info("%s", told)
        return told

    # Flows

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        engine = self._current()
        if engine is None:
            return
        fields = flow.request.headers.fields
        self.asked[flow] = exchange = _exchange(flow)
        flow.request.headers.fields = self._judged(
            flow, engine, fields, lambda: engine.on_request(fields, exchange, time.time()), b"cookie"
        )

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        engine = self._current()
        if engine is None or flow.response is None:
            return
        fields = flow.response.headers.fields
        exchange = self.asked.pop(flow, None) or _exchange(flow)
        flow.response.headers.fields = self._judged(
            flow, engine, fields, lambda: engine.on_response(fields, exchange, time.time()), b"set-cookie"
        )

    def _judged(
        self, flow: http.HTTPFlow, engine: Engine, fields: Sequence[Header], judge: Callable[[], Outcome], name: bytes
    ) -> tuple[Header, ...]:
        """Return the fields to forward. If judging fails, the policy's `on_error` decides. Otherwise mitmproxy would
        forward all cookies after an exception."""
        try:
            outcome = judge()
        except Exception as error:
            log.error("judging cookies failed (%s)", type(error).__name__)
            passes = engine.policy.on_error is OnError.OPEN
            return tuple(field for field in fields if passes or field[0].lower() != name)
        tell(flow, outcome.cookies)
        return tuple(outcome.headers)

    # Commands

    @command.command("cookiewarden.reload")  # type: ignore[untyped-decorator]
    def reload(self) -> str:
        """Reload the cookie policy."""
        return self._reload() if self.files is not None else f"no policy; set {POLICY}"

    @command.command("cookiewarden.judge")  # type: ignore[untyped-decorator]
    def judge(self, flows: Sequence[flow.Flow]) -> None:
        """Add the decisions of the cookie policy to the comments of flows. The flows are not changed."""
        engine = self._current()
        if engine is None:
            log.error("no policy; set %s", POLICY)
            return
        for one in flows:
            if isinstance(one, http.HTTPFlow):
                one.comment = one.comment.partition(TOLD)[0]
                at = one.request.timestamp_start or time.time()
                tell(one, engine.on_request(one.request.headers.fields, _exchange(one), at).cookies)
                if one.response is not None:
                    answered = engine.on_response(one.response.headers.fields, _exchange(one), at)
                    tell(one, answered.cookies)
        ctx.master.addons.trigger(UpdateHook(flows))


def tell(flow: http.HTTPFlow, cookies: Iterable[Judged]) -> None:
    """Add decisions to a flow's comment, without cookie values, and mark the flow."""
    decisions = [(_name(j), j.decision) for j in cookies]
    if not decisions:
        return
    told = [f"{name} {decision.told}" for name, decision in decisions]
    before = f"{flow.comment}; " if TOLD in flow.comment else f"{flow.comment}{TOLD}"
    flow.comment = before + "; ".join(told)
    done = {d.action for _, d in decisions if d.enforced}
    if done & {Action.BLOCK, Action.STRIP, Action.EVICT}:
        flow.marked = REFUSED
    elif Action.REWRITE in done and flow.marked != REFUSED:
        flow.marked = CHANGED


def _name(judged: Judged) -> str:
    return printable_octets(judged.name) or "(without a name)"


def _exchange(flow: http.HTTPFlow) -> Exchange:
    request = flow.request
    host = request.host_header or request.pretty_host
    return Exchange(
        host.encode("utf-8", "surrogateescape"),
        request.data.path,
        flow.client_conn.tls_established,
        flow.request.headers.fields,
        request.data.method,
    )


addons: Sequence[Addon] = [Addon()]
