"""The admin listener: metrics and health, on a port of its own, never on the proxy's."""

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.settings import Address

GATEWAY = web.AppKey("gateway", Gateway)


async def start_admin(gateway: Gateway, address: Address) -> web.AppRunner:
    """Listen on `address`. Raises OSError where that cannot be had."""
    app = web.Application()
    app[GATEWAY] = gateway
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
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner


async def metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=request.app[GATEWAY].metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


async def livez(request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """Traffic may be sent here. The application is not asked: its health is its own probe's business."""
    if request.app[GATEWAY].draining:
        return web.Response(status=503, text="draining\n")
    return web.Response(text="ok\n")


async def index(request: web.Request) -> web.Response:
    return web.Response(text="cookiewarden admin\n/metrics\n/livez\n/readyz\n")
