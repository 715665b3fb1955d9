"""A peer of the bench: the same engine between aiohttp's own server and client, as a Python proxy is usually written.

python -m tests.bench.aiohttp_proxy POLICY LISTEN ORIGIN
"""

import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.files import PolicyFiles

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "trailer"}


def proxy(engine: Engine, session: ClientSession, origin: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        exchange = Exchange(request.host.encode(), request.raw_path.encode(), https=False)
        now = time.time()
        asked = engine.on_request(request.raw_headers, exchange, now)
        body = request.content if request.body_exists else None
        async with session.request(
            request.method,
            origin + request.raw_path,
            headers=_text(asked.headers),
            data=body,
            allow_redirects=False,
        ) as answer:
            said = engine.on_response(answer.raw_headers, exchange, now)
            response = web.StreamResponse(status=answer.status, headers=_text(said.headers))
            await response.prepare(request)
            async for data in answer.content.iter_any():
                await response.write(data)
            await response.write_eof()
            return response

    return handle


def _text(headers: list[tuple[bytes, bytes]]) -> "CIMultiDict[str]":
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return CIMultiDict((name, value) for name, value in pairs if name.lower() not in HOP_BY_HOP)


async def main(policy: str, listen: int, origin: int) -> None:
    import asyncio

    loaded = PolicyFiles(policy).load().policy
    assert loaded is not None
    async with ClientSession(
        cookie_jar=DummyCookieJar(), auto_decompress=False, connector=TCPConnector(limit=0)
    ) as session:
        server = web.Server(proxy(Engine(loaded), session, f"http://127.0.0.1:{origin}"))
        runner = web.ServerRunner(server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", listen).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
