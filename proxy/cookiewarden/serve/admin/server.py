"""The admin listener: metrics, health, what was seen and the emergency switch, on a port of its own, never on the proxy's.

Probes and scrapes are answered whatever name they ask for. Everything else is asked for by an address, by localhost or
by a name that was allowed, so that no page a browser has open can reach it by a name of its own (DNS rebinding); and
with a token only, beyond loopback and wherever something changes.
"""

import asyncio
import base64
import hmac
import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cookiewarden.core.report import wire
from cookiewarden.keys import read_token
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin import page as status
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.exposition import Exposition
from cookiewarden.serve.admin.listener import Connection, Server
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.single_flight import Shared
from cookiewarden.serve.sockets import cannot_listen, listening

log = logging.getLogger("cookiewarden")

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::[0-9]*)?")
OPEN = frozenset({"/metrics", "/livez", "/readyz"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may see what is not open to all. Browsers have the token as the password of any name, for what they are shown; what changes
    something takes `Bearer`, which no browser sends by itself with a form of another site's."""

    names: frozenset[str]
    token: bytes
    loopback: bool

    def refusal(self, request: web.BaseRequest, changes: bool) -> web.Response | None:
        """None where it may be answered. What changes something needs the token everywhere: any page that a browser has open can
        send a form to loopback."""
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        name = (host[1] or host[2]) if host else ""
        if not _is_address(name) and name.lower() not in self.names:
            return _refused(403, "this name is not one of the admin listener's; add it with --admin-host\n")
        if self.loopback and not changes:
            return None
        if not self.token:
            why = "this changes something" if changes else "--admin is not on loopback"
            return _refused(403, f"{why}: it needs the proxy to be started with --admin-token-file\n")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        refuse = partial(_refused, 403) if changes else _asked_for_the_token
        if not given:
            return refuse("this needs the token, as in: Authorization: Bearer TOKEN\n")
        token = b""
        if scheme.lower() == "bearer":
            token = given.strip(" \t").encode("utf-8", "surrogateescape")
        elif scheme.lower() == "basic" and not changes:
            token = _password(given.strip(" \t"))
        right = hmac.compare_digest(token, self.token)
        return None if right else refuse("this is not the token of --admin-token-file\n")


@dataclass(frozen=True, slots=True)
class Pages:
    """What is answered. `unready` says why traffic should not come, or nothing."""

    exposition: Exposition
    operation: Operation
    unready: Callable[[], str]
    guard: Guard
    address: str
    shared: Shared = field(default_factory=Shared)
    scrapes: Shared = field(default_factory=Shared)
    """Apart: a scrape does not wait for pages."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, Connection):
            request.protocol.begin()
        page, command = PAGES.get(request.path), COMMANDS.get(request.path)
        changes = command is not None and request.method == "POST"
        if request.path not in OPEN and (refusal := self.guard.refusal(request, changes)):
            return refusal
        if command is not None and changes:
            return await command(self, request)
        if page is not None and request.method in ("GET", "HEAD"):
            return await page(self, request)
        if page is None and command is None:
            return _refused(404, "404 Not Found\n")
        methods = [*(["GET", "HEAD"] if page else []), *(["POST"] if command else [])]
        return web.Response(
            status=405, text="405 Method Not Allowed\n", headers={"Allow": ", ".join(methods)} | SAFE
        )

    # What can be seen

    async def metrics(self, request: web.BaseRequest) -> web.Response:
        text = await self.scrapes.get("metrics", self.exposition.scraped)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def livez(self, request: web.BaseRequest) -> web.Response:
        """The process answers."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.BaseRequest) -> web.Response:
        """Traffic may be sent here. The application is not asked: its health is its own probe's business."""
        why = self.unready()
        return web.Response(status=503, text=f"{why}\n") if why else web.Response(text="ok\n")

    async def inventory(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("inventory", self.operation.inventory_json))

    async def forecast(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("forecast", self.operation.forecast))

    async def drift(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("drift", self.operation.drift))

    async def policy(self, request: web.BaseRequest) -> web.Response:
        return _json(await self.shared.get("policy", self.operation.policy_json))

    async def index(self, request: web.BaseRequest) -> web.Response:
        text, policy = await self.shared.get(
            "page", lambda: status.page(self.operation, self.unready(), self.address)
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"} | SAFE
        return web.Response(text=text, content_type="text/html", headers=headers)

    # What can be told

    async def reload(self, request: web.BaseRequest) -> web.Response:
        log.info("an operator asks for a reload")
        is_good = await self.operation.reload()
        if is_good is None:
            return _refused(503, NOT_LOADED)
        return _json(await self.operation.policy_json(), 200 if is_good else 422)

    async def mode(self, request: web.BaseRequest) -> web.Response:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                mode, seconds = wire.read_mode(await _body(request))
        except TimeoutError:
            return _refused(408, "408 Request Timeout\n")
        except web.RequestPayloadError:
            return _refused(400, "400 Bad Request\n")
        except wire.NotThis as bad:
            return _refused(400, f'{bad}; expected such as {{"mode": "report", "seconds": 1800}}\n')
        if late := await self.operation.turn_mode(mode, seconds):
            return _refused(503, f"the mode is switched, and {late}\n")
        return _json(await self.operation.policy_json(with_entries=False))


NOT_LOADED = "the policy is not loaded yet, because its files are not read or it takes long to build; it will be once they are\n"
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


SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def _json(data: bytes | None, status: int = 200) -> web.Response:
    if data is None:
        return _refused(404, "there is no inventory: --inventory is off\n")
    return web.Response(status=status, body=data + b"\n", headers={"Content-Type": "application/json"} | SAFE)


def _asked_for_the_token(why: str) -> web.Response:
    challenge = {"WWW-Authenticate": 'Basic realm="cookiewarden: any name, and the token", charset="UTF-8"'}
    return web.Response(status=401, text=why, headers=SAFE | challenge)


def _refused(status: int, why: str) -> web.Response:
    return web.Response(status=status, text=why, headers=SAFE)


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


class Admin:
    """The listener: bound when it is made, so that what is wrong with it is told before anything serves."""

    def __init__(self, settings: Settings) -> None:
        """Raises CannotStart."""
        self.guard = _guard(settings)
        try:
            self.socket = listening(settings.admin)
        except OSError as error:
            raise cannot_listen(settings.admin, "--admin", error) from error
        self.address = Address(*self.socket.getsockname()[:2])
        self.runner: web.ServerRunner | None = None

    async def start(self, exposition: Exposition, operation: Operation, unready: Callable[[], str]) -> None:
        """Answer."""
        pages = Pages(exposition, operation, unready, self.guard, str(self.address))
        self.runner = web.ServerRunner(Server(pages.answer), shutdown_timeout=SHUTDOWN_SECONDS)
        await self.runner.setup()
        await web.SockSite(self.runner, self.socket).start()
        if not self.guard.loopback:
            log.info("on %s anybody may read /metrics, /livez and /readyz", self.address)

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
        self.socket.close()


def _guard(settings: Settings) -> Guard:
    token = b""
    if settings.admin_token_file:
        try:
            token, why_not = read_token(settings.admin_token_file)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": {reason}') from error
        if why_not:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}" {why_not}')
        if len(token) < 16:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": fewer than 16 octets in it')
    names = frozenset({"localhost", *settings.admin_host})
    return Guard(names, token, _is_loopback(settings.admin.host))


def _password(credentials: str) -> bytes:
    """Of `Basic` (RFC 7617); empty where it is none."""
    try:
        return base64.b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
