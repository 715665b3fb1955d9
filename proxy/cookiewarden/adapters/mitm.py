"""cookiewarden as an addon of mitmproxy: `mitmdump -s mitm.py --set cookiewarden_policy=policy.yaml`.

The same engine as the proxy's, on mitmproxy's own header fields, which are octets in order.
"""

import time
from collections.abc import Sequence

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from cookiewarden.core.decision import Exchange
from cookiewarden.core.engine import Engine
from cookiewarden.core.policy import Mode
from cookiewarden.core.problem import render_line
from cookiewarden.files import PolicyFiles

POLICY, MODE = "cookiewarden_policy", "cookiewarden_mode"


class Addon:
    engine: Engine | None = None

    def load(self, loader: Loader) -> None:
        loader.add_option(POLICY, str, "", "The cookie policy to enforce.")
        loader.add_option(
            MODE, str, "", "enforce or report, in place of the policy's own.", choices=["", *map(str, Mode)]
        )

    def configure(self, updated: set[str]) -> None:
        """Raises OptionsError with the first of the policy's problems."""
        if not {POLICY, MODE} & updated or not getattr(ctx.options, POLICY):
            return
        loaded = PolicyFiles(getattr(ctx.options, POLICY)).load()
        if loaded.policy is None:
            raise OptionsError("\n".join(map(render_line, loaded.problems)))
        mode = getattr(ctx.options, MODE)
        if loaded.policy.seals:
            raise OptionsError("the policy seals cookies, for which this addon takes no keys yet")
        self.engine = Engine(loaded.policy, Mode(mode) if mode else None, time.time())

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if self.engine is not None:
            outcome = self.engine.on_request(flow.request.headers.fields, _exchange(flow), time.time())
            flow.request.headers.fields = tuple(outcome.headers)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if self.engine is not None and flow.response is not None:
            outcome = self.engine.on_response(flow.response.headers.fields, _exchange(flow), time.time())
            flow.response.headers.fields = tuple(outcome.headers)


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
