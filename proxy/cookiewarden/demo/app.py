"""The demo application: a recruitment platform's cookies, with the habits of its kinds of software.

WebObjects sets session cookies without attributes, and PHP behind nph-proxy sets a cookie with an encoded name. An
undeclared tracker sets cookies too, and logout deletes the session.
"""

import asyncio
import json

from aiohttp import WSMsgType, web

LOGIN = (
    'wosid=demo0session; version="1"; path=/',
    'woinst=3; version="1"; path=/',
    "customera=demo0access; path=/",
    "customerp=demo0encoded; path=/",
    "customerr=demo0todo; path=/",
    "agencyID=42; path=/; max-age=315360000",
)
TOOLS = (
    "PHPSESSIONID=demo0php; path=/",
    "COOKIE%3bPHPSESSID%3b%2f%3btools%2ecarerix%2ecom=demo0nph; path=/",
)
TRACKERS = (
    "_fbp=fb.1.demo; Max-Age=7776000; Path=/",
    "visitor=demo0visitor; Expires=Fri, 31 Dec 2038 23:59:59 GMT; Path=/",
)
LOGOUT = tuple(
    f"{name}=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"
    for name in ("wosid", "woinst", "customera", "customerp", "customerr")
)

PAGE = """<!doctype html><html lang="en"><title>Demo application</title>
<h1>Demo application</h1>
<p>It sets cookies as a recruitment platform does. What arrives here: <a href="/cookies">/cookies</a></p>
<form method="post" action="/login"><button>Log in</button></form>
<ul><li><a href="/home">/home</a>: sets two trackers that nobody declared
<li><a href="/tools">/tools</a>: sets the cookies of the PHP tools
<li><a href="/stream">/stream</a>: five events, one a second
<li><a href="/logout">/logout</a>: deletes the session</ul>
<script>
// What the scripts of Google Analytics and Intercom do, without either.
for (const [name, seconds] of Object.entries({_ga: 63072000, _gid: 86400, _gat: 60, "intercom-id-demo": 23652000,
    "intercom-session-demo": 604800})) document.cookie = `${name}=demo0script; path=/; max-age=${seconds}`
</script>
"""


def application() -> web.Application:
    app = web.Application()
    app.add_routes(
        [
            web.get("/", index),
            web.post("/login", login),
            web.get("/home", home),
            web.get("/tools", tools),
            web.get("/logout", logout),
            web.get("/cookies", cookies),
            web.get("/stream", stream),
            web.get("/ws", websocket),
        ]
    )
    return app


def with_cookies(response: web.Response, lines: tuple[str, ...]) -> web.Response:
    for line in lines:
        response.headers.add("Set-Cookie", line)
    return response


async def index(request: web.Request) -> web.Response:
    page = web.Response(text=PAGE, content_type="text/html")
    return with_cookies(page, ("cookiesON=1; path=/", "cookies=1; path=/", "language=en; path=/; max-age=31536000"))


async def login(request: web.Request) -> web.Response:
    return with_cookies(web.Response(status=303, headers={"Location": "/home"}), LOGIN)


async def home(request: web.Request) -> web.Response:
    names = ", ".join(request_names(request)) or "none"
    page = web.Response(text=f"Welcome. Cookies that arrived: {names}\n")
    return with_cookies(page, ("exportToken=demo0export; path=/", *TRACKERS))


async def tools(request: web.Request) -> web.Response:
    return with_cookies(web.Response(text="PHP tools\n"), TOOLS)


async def logout(request: web.Request) -> web.Response:
    return with_cookies(web.Response(status=303, headers={"Location": "/"}), LOGOUT)


async def cookies(request: web.Request) -> web.Response:
    """Answer with the names of the cookies that reached the application, without values."""
    return web.Response(text=json.dumps(request_names(request)) + "\n", content_type="application/json")


def request_names(request: web.Request) -> list[str]:
    return [pair.partition("=")[0].strip() for pair in request.headers.get("Cookie", "").split(";") if pair.strip()]


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(5):
        await response.write(f"data: {number}\n\n".encode())
        await asyncio.sleep(1)
    return response


async def websocket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    socket.headers.add("Set-Cookie", "wosid=demo0socket; path=/")
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(f"echo: {message.data}")
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket
