"""The admin listener: metrics, health, pages and commands, on its own port, never on the proxy's.

Probes and scrapes are answered under any host name. All other requests need an IP address, localhost or an allowed name
as host, so that web pages cannot reach the listener by DNS rebinding. Beyond loopback they need a token, and commands
always need one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.auth import AccessRules, access_rules
from cookiewarden.serve.admin.listener import Connection, Server
from cookiewarden.serve.admin.messages import (
    MAX_BODY,
    SAFE,
    BodyTooLarge,
    Incomplete,
    Refusal,
    Request,
    Response,
    refused,
)
from cookiewarden.serve.admin.scrape import Scrape
from cookiewarden.serve.control.plane import AdminListener
from cookiewarden.serve.memory import return_memory
from cookiewarden.serve.offload import in_short_turns
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.single_flight import Shared
from cookiewarden.serve.sockets import BACKLOG, cannot_listen, listening

log = logging.getLogger("cookiewarden")

TEXT = {"Content-Type": "text/plain; charset=utf-8"}
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

    async def answer(self, request: Request) -> Response:
        page, command = PAGES.get(request.path), COMMANDS.get(request.path)
        changes = command is not None and request.method == "POST"
        if request.path not in OPEN and (refusal := self.access.refusal(request, changes)):
            return refused(refusal)
        if command is not None and changes:
            return await self._command(command, request)
        if page is not None and request.method in ("GET", "HEAD"):
            return await page(self, request)
        if page is None and command is None:
            return refused(Refusal(404, ErrorCode.NOT_FOUND, "this path does not exist"))
        methods = ", ".join([*(["GET", "HEAD"] if page else []), *(["POST"] if command else [])])
        return refused(Refusal(405, ErrorCode.METHOD_NOT_ALLOWED, f"this path takes {methods}", {"Allow": methods}))

    # Pages

    async def metrics(self, request: Request) -> Response:
        text, content_type = await self.scrapes.get("metrics", self.scrape.answer)
        return Response(text, {"Content-Type": content_type})

    async def livez(self, request: Request) -> Response:
        """Confirm that the process is alive."""
        return Response(b"ok\n", TEXT)

    async def readyz(self, request: Request) -> Response:
        """Check whether traffic may be sent to the proxy. The application is not checked; it has its own probe."""
        why = self.unready()
        if why:
            return refused(Refusal(503, ErrorCode.NOT_READY, why))
        return Response(wire.READY.encode(), TEXT)

    async def inventory(self, request: Request) -> Response:
        return _json(await self.shared.get("inventory", self.operation.inventory_json))

    async def forecast(self, request: Request) -> Response:
        return _json(await self.shared.get("forecast", self.operation.forecast))

    async def drift(self, request: Request) -> Response:
        return _json(await self.shared.get("drift", self.operation.drift))

    async def policy(self, request: Request) -> Response:
        return _json(await self.shared.get("policy", self.operation.policy_json))

    async def index(self, request: Request) -> Response:
        await in_short_turns(_prepare_page)  # a start would wait for it, and traffic does not
        from cookiewarden.serve.admin.page import page

        text, policy = await self.shared.get("page", lambda: page(self.operation, self.unready(), self.address))
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"} | SAFE
        return Response(text.encode(), {"Content-Type": "text/html; charset=utf-8"} | headers)

    # Commands

    async def _command(self, command: "Command", request: Request) -> Response:
        """Carry out a command when its body has arrived."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
        except TimeoutError:
            why = f"the request body did not arrive within {BODY_SECONDS:.0f} seconds"
            return refused(Refusal(408, ErrorCode.REQUEST_TIMEOUT, why))
        except Incomplete:
            return refused(Refusal(400, ErrorCode.BAD_REQUEST, "the request body is incomplete"))
        except BodyTooLarge:
            code = ErrorCode.INVALID_MODE if request.path == "/mode" else ErrorCode.BAD_REQUEST
            return refused(Refusal(400, code, f"the request body has more than {MAX_BODY} octets"))
        return await command(self, body)

    async def reload(self, body: bytes) -> Response:
        log.info("reload requested by an operator")
        is_good = await self.operation.reload()
        if is_good is None:
            return refused(Refusal(503, ErrorCode.NOT_LOADED, NOT_LOADED))
        return _json(await self.operation.policy_json(), 200 if is_good else 422)

    async def mode(self, body: bytes) -> Response:
        try:
            mode, seconds = wire.read_mode(body)
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
BODY_SECONDS = 10.0


def _prepare_page() -> None:
    """Import the modules of the status page, and compile its template."""
    from cookiewarden.pages.render import environment
    from cookiewarden.serve.admin.page import TEMPLATE

    environment().get_template(TEMPLATE)
    return_memory()


def _json(data: bytes | None, status: int = 200) -> Response:
    if data is None:
        return refused(Refusal(404, ErrorCode.NO_INVENTORY, "the inventory is disabled, because --inventory is off"))
    return Response(data + b"\n", {"Content-Type": "application/json"} | SAFE, status)


Page = Callable[[Pages, Request], Awaitable[Response]]
Command = Callable[[Pages, bytes], Awaitable[Response]]

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

COMMANDS: dict[str, Command] = {"/reload": Pages.reload, "/mode": Pages.mode}
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
        self.server = Server(Pages(scrape, operation, unready, self.access, str(self.address)).answer)
        self._accepting: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._accepting = await loop.create_server(lambda: Connection(self.server), sock=self.socket, backlog=BACKLOG)
        if not self.access.loopback:
            log.info("admin listener %s: /metrics, /livez and /readyz need no token", self.address)

    async def stop(self) -> None:
        if self._accepting is not None:
            self._accepting.close()
            await self.server.close(SHUTDOWN_SECONDS)
        self.socket.close()
