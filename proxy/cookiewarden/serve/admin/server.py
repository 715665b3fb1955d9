"""The admin listener: metrics, health, what was seen and the emergency switch, on a port of its own, never on the
proxy's.

Probes and scrapes are answered whatever name they ask for. Everything else is asked for by an address, by localhost or
by a name that was allowed, so that no page a browser has open can reach it by a name of its own (DNS rebinding); and
with a token only, beyond loopback and wherever something changes."""

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
    """What is answered. `unready` says why traffic should not come, or nothing."""

    scrape: Scrape
    operation: Operation
    unready: Callable[[], str]
    access: AccessRules
    address: str
    shared: Shared = field(default_factory=Shared)
    scrapes: Shared = field(default_factory=Shared)
    """Apart: a scrape does not wait for pages."""

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
            return refused(Refusal(404, ErrorCode.NOT_FOUND, "there is no such path"))
        methods = ", ".join([*(["GET", "HEAD"] if page else []), *(["POST"] if command else [])])
        return refused(Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, f"this path takes {methods}", {"Allow": methods}))

    # What can be seen

    async def metrics(self, request: web.BaseRequest) -> web.Response:
        text, content_type = await self.scrapes.get("metrics", self.scrape.answer)
        return web.Response(body=text, headers={"Content-Type": content_type})

    async def livez(self, request: web.BaseRequest) -> web.Response:
        """The process answers."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.BaseRequest) -> web.Response:
        """Traffic may be sent here. The application is not asked: its health is its own probe's business."""
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

    # What can be told

    async def reload(self, request: web.BaseRequest) -> web.Response:
        log.info("an operator asks for a reload")
        is_good = await self.operation.reload()
        if is_good is None:
            return refused(Refusal(503, ErrorCode.NOT_LOADED, NOT_LOADED))
        return _json(await self.operation.policy_json(), 200 if is_good else 422)

    async def mode(self, request: web.BaseRequest) -> web.Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                mode, seconds = wire.read_mode(await _body(request))
        except TimeoutError:
            why = f"the body did not come within {BODY_SECONDS:.0f} seconds"
            return refused(Refusal(408, ErrorCode.REQUEST_TIMEOUT, why))
        except web.RequestPayloadError:
            return refused(Refusal(400, ErrorCode.BAD_REQUEST, "the body is not encoded as the head says"))
        except wire.NotThis as bad:
            why = f'{bad}; expected such as {{"mode": "report", "seconds": 1800}}'
            return refused(Refusal(400, ErrorCode.INVALID_MODE, why))
        if late := await self.operation.turn_mode(mode, seconds):
            return refused(Refusal(503, ErrorCode.NOT_EVERYWHERE, f"the mode is switched, and {late}"))
        return _json(await self.operation.policy_json(with_entries=False))


NOT_LOADED = (
    "the policy is not loaded yet, because its files are not read or it takes long to build; it will be once they are"
)
MAX_BODY = 4096
"""Octets of what is told that are read."""
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
        return refused(Refusal(404, ErrorCode.NO_INVENTORY, "there is no inventory: --inventory is off"))
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
"""What is asked for with GET. None of them changes anything."""

COMMANDS: dict[str, Page] = {"/reload": Pages.reload, "/mode": Pages.mode}
"""What is told with POST."""

SHUTDOWN_SECONDS = 1.0
"""For those who are being answered when the process ends."""


class Admin(AdminListener):
    """The listener: bound when it is made, so that what is wrong with it is told before anything serves."""

    def __init__(self, settings: Settings, scrape: Scrape, operation: Operation, unready: Callable[[], str]) -> None:
        """`unready`: why no traffic should come; empty where it should. Raises CannotStart."""
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
            log.info("on %s anybody may read /metrics, /livez and /readyz", self.address)

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
        self.socket.close()
