"""The admin listener: metrics, health, pages and commands, on its own port, never on the proxy's.

Probes and scrapes are answered under any host name. All other requests need an IP address, localhost or an allowed name
as host, so that web pages cannot reach the listener by DNS rebinding. Beyond loopback they need a token, and commands
always need one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.auth import AccessRules, Refusal, access_rules
from cookiewarden.serve.admin.listener import SAFE, Connection, Server, refused
from cookiewarden.serve.admin.scrape import Scrape
from cookiewarden.serve.control.plane import AdminListener
from cookiewarden.serve.offload import in_thread
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.single_flight import Shared
from cookiewarden.serve.sockets import cannot_listen, listening

log = logging.getLogger("cookiewarden")

OPEN = frozenset({"/metrics", "/livez", "/readyz"})


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages and commands. `unready` returns the reason why traffic should not be sent, or an empty string."""

    scrape: Scrape
    operation: Operation
    unready: Callable[[], str]
    access: AccessRules
    address: str
    shared: Shared = field(default_factory=Shared)
    scrapes: Shared = field(default_factory=Shared)
    """A separate queue, so that scrapes do not wait for pages."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, Connection):
            request.protocol.begin()
        page, command = PAGES.get(request.path), COMMANDS.get(request.path)
        changes = command is not None and request.method == "POST"
        if request.path not in OPEN and (refusal := self.access.refusal(request, changes)):
            return refused(refusal)
        if command is not None and changes:
            return await command(self, request)
        if page is not None and request.method in ("GET", "HEAD"):
            return await page(self, request)
        if page is None and command is None:
            return refused(Refusal(404, ErrorCode.NOT_FOUND, "this path does not exist"))
        methods = ", ".join([*(["GET", "HEAD"] if page else []), *(["POST"] if command else [])])
        return refused(Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, f"this path takes {methods}", {"Allow": methods}))

    # Pages

    async def metrics(self, request: web.BaseRequest) -> web.Response:
        text, content_type = await self.scrapes.get("metrics", self.scrape.answer)
        return web.Response(body=text, headers={"Content-Type": content_type})

    async def livez(self, request: web.BaseRequest) -> web.Response:
        """Confirm that the process is alive."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.BaseRequest) -> web.Response:
        """Check whether traffic may be sent to the proxy. The application is not checked; it has its own probe."""
        why = self.unready()
        if why:
            return refused(Refusal(503, ErrorCode.NOT_READY, why))
        return web.Response(text=wire.READY)

    async def inventory(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("inventory", self.operation.inventory_json))

    async def forecast(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("forecast", self.operation.forecast))

    async def drift(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("drift", self.operation.drift))

    async def policy(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("policy", self.operation.policy_json))

    async def index(self, request: web.BaseRequest) -> web.Response:
        await in_thread(_import_page)  # when somebody looks at it: a start would wait for it, and traffic does not
        from cookiewarden.serve.admin.page import page

        text, policy = await self.shared.get("page", lambda: page(self.operation, self.unready(), self.address))
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"} | SAFE
        return web.Response(text=text, content_type="text/html", headers=headers)

    # Commands

    async def reload(self, request: web.BaseRequest) -> web.Response:
        log.info("reload requested by an operator")
        is_good = await self.operation.reload()
        if is_good is None:
            return refused(Refusal(503, ErrorCode.NOT_LOADED, NOT_LOADED))
        return _json(await self.operation.policy_json(), 200 if is_good else 422)

    async def mode(self, request: web.BaseRequest) -> web.Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                mode, seconds = wire.read_mode(await _body(request))
        except TimeoutError:
            why = f"the request body did not arrive within {BODY_SECONDS:.0f} seconds"
            return refused(Refusal(408, ErrorCode.REQUEST_TIMEOUT, why))
        except web.RequestPayloadError:
            return refused(Refusal(400, ErrorCode.BAD_REQUEST, "the request body does not match its Content-Encoding"))
        except wire.NotThis as bad:
            why = f'{bad}; expected for example {{"mode": "report", "seconds": 1800}}'
            return refused(Refusal(400, ErrorCode.INVALID_MODE, why))
        if late := await self.operation.turn_mode(mode, seconds):
            return refused(
                Refusal(503, ErrorCode.NOT_EVERYWHERE, f"the mode is switched, but not yet in force on {late}")
            )
        return _json(await self.operation.policy_json(with_entries=False))


NOT_LOADED = (
    "the policy is not loaded yet: reading its files or building it takes long; it is put in force when that is done"
)
MAX_BODY = 4096
"""Maximum number of octets of a request body that are read."""
BODY_SECONDS = 10.0


async def _body(request: web.BaseRequest) -> bytes:
    data = b""
    async for piece in request.content.iter_chunked(MAX_BODY):
        data += piece
        if len(data) > MAX_BODY:
            break
    return data


def _import_page() -> None:
    import cookiewarden.serve.admin.page  # noqa: F401 (beside the traffic)


def _json(data: bytes | None, status: int = 200) -> web.Response:
    if data is None:
        return refused(Refusal(404, ErrorCode.NO_INVENTORY, "the inventory is disabled, because --inventory is off"))
    return web.Response(status=status, body=data + b"\n", headers={"Content-Type": "application/json"} | SAFE)


Page = Callable[[Pages, web.BaseRequest], Awaitable[web.Response]]

PAGES: dict[str, Page] = {
    "/metrics": Pages.metrics,
    "/livez": Pages.livez,
    "/readyz": Pages.readyz,
    "/inventory": Pages.inventory,
    "/forecast": Pages.forecast,
    "/drift": Pages.drift,
    "/policy": Pages.policy,
    "/": Pages.index,
}
"""Paths for GET, which changes nothing."""

COMMANDS: dict[str, Page] = {"/reload": Pages.reload, "/mode": Pages.mode}
"""Paths for POST."""

SHUTDOWN_SECONDS = 1.0
"""Seconds to finish responses when the process ends."""


class Admin(AdminListener):
    """The listener. It is bound when it is created, so that errors are reported before the proxy serves."""

    def __init__(self, settings: Settings, scrape: Scrape, operation: Operation, unready: Callable[[], str]) -> None:
        """Bind the listener. `unready` returns the reason why traffic should not be sent, or an empty string.

        Raises CannotStart."""
        self.access = access_rules(settings)
        try:
            self.socket = listening(settings.admin)
        except OSError as error:
            raise cannot_listen(settings.admin, "--admin", error) from error
        self.address = Address(*self.socket.getsockname()[:2])
        self.runner: web.ServerRunner | None = None
        self.pages = Pages(scrape, operation, unready, self.access, str(self.address))

    async def start(self) -> None:
        self.runner = web.ServerRunner(Server(self.pages.answer), shutdown_timeout=SHUTDOWN_SECONDS)
        await self.runner.setup()
        await web.SockSite(self.runner, self.socket).start()
        if not self.access.loopback:
            log.info("admin listener %s: /metrics, /livez and /readyz need no token", self.address)

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
        self.socket.close()
