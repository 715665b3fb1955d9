"""The admin listener: metrics and health, on a port of its own, never on the proxy's.

Probes and scrapes are answered whatever name they ask for. Everything else is asked for by an address, by localhost or
by a name that was allowed, so that no page a browser has open can reach it by a name of its own (DNS rebinding); and
beyond loopback with a token only.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cookiewarden.serve.exposition import Exposition
from cookiewarden.serve.listener import CannotStart, cannot_listen
from cookiewarden.serve.settings import Address, Settings

OPEN = frozenset({"/metrics", "/livez", "/readyz"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may see what is not open to all."""

    names: frozenset[str]
    token: bytes
    loopback: bool

    def refusal(self, request: web.Request) -> str:
        """Why not, or nothing."""
        host = request.headers.get("Host", "")
        name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
        if not _is_address(name) and name.lower() not in self.names:
            return "this name is not one of the admin listener's; add it with --admin-host\n"
        if self.loopback:
            return ""
        if not self.token:
            return "beyond loopback this needs --admin-token-file\n"
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("utf-8", "surrogateescape"), self.token
        )
        return "" if right else "this needs the token, as in: Authorization: Bearer TOKEN\n"


EXPOSITION = web.AppKey("exposition", Exposition)
UNREADY: web.AppKey[Callable[[], str]] = web.AppKey("unready")
GUARD = web.AppKey("guard", Guard)


async def start_admin(
    settings: Settings, exposition: Exposition, unready: Callable[[], str]
) -> web.AppRunner:
    """Listen on the admin address. `unready` says why traffic should not come, or nothing. Raises CannotStart."""
    app = web.Application(middlewares=[guarded])
    app[EXPOSITION], app[UNREADY], app[GUARD] = exposition, unready, _guard(settings)
    app.add_routes(
        [
            web.get("/metrics", metrics),
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/", index),
        ]
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.admin.host, settings.admin.port).start()
    except OSError as error:
        await runner.cleanup()
        raise cannot_listen(settings.admin, "--admin", error) from error
    return runner


def bound(runner: web.AppRunner) -> Address:
    """What was bound, which for port 0 is not what was asked for."""
    return Address(*runner.addresses[0][:2])


def _guard(settings: Settings) -> Guard:
    token = b""
    if settings.admin_token_file:
        try:
            token = Path(settings.admin_token_file).read_bytes().strip()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": {reason}') from error
        if len(token) < 16:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": fewer than 16 octets in it')
    names = frozenset({"localhost", *settings.admin_host})
    return Guard(names, token, _is_loopback(settings.admin.host))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    refusal = "" if request.path in OPEN else request.app[GUARD].refusal(request)
    return web.Response(status=403, text=refusal) if refusal else await handler(request)


async def metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[EXPOSITION].text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def livez(request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """Traffic may be sent here. The application is not asked: its health is its own probe's business."""
    why = request.app[UNREADY]()
    return web.Response(status=503, text=f"{why}\n") if why else web.Response(text="ok\n")


async def index(request: web.Request) -> web.Response:
    return web.Response(text="cookiewarden admin\n/metrics\n/livez\n/readyz\n")
