"""Jupyter Server behind the proxy in enforce mode: token login, and a kernel that executes code over its WebSocket."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.apps.behind import HERE, counted, proxied
from tests.apps.products.jupyter import TOKEN, jupyter_server

pytestmark = pytest.mark.apps


@pytest.fixture
async def jupyter(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    with jupyter_server(tmp_path) as port, proxied(HERE / "jupyter.yaml", port) as urls:
        yield urls


async def execute(socket: aiohttp.ClientWebSocketResponse, code: str) -> str:
    """Run a cell and return its output."""
    ident = uuid.uuid4().hex
    header = {
        "msg_id": ident,
        "msg_type": "execute_request",
        "session": ident,
        "username": "",
        "version": "5.3",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    await socket.send_json(
        {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
            "buffers": [],
        }
    )
    while True:
        message = json.loads((await socket.receive(timeout=60)).data)
        if message["msg_type"] == "execute_result" and message["parent_header"].get("msg_id") == ident:
            return message["content"]["data"]["text/plain"]


async def test_a_kernel_computes_behind_the_proxy_and_nothing_undeclared_passes(
    jupyter: tuple[str, str],
) -> None:
    url, metrics = jupyter
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=url)
    async with aiohttp.ClientSession(url, cookie_jar=jar) as browser:
        async with browser.get("/api/contents") as page:
            assert page.status == 403
        async with browser.get("/login", params={"next": "/api"}) as page:
            assert page.status == 200
        xsrf = next(cookie.value for cookie in jar if cookie.key == "_xsrf")
        async with browser.post(
            "/login?next=/api", data={"password": TOKEN, "_xsrf": xsrf}, allow_redirects=False
        ) as answer:
            assert answer.status == 302
            (line,) = (line for line in answer.headers.getall("Set-Cookie") if line.startswith("username-"))
            assert "; Secure" in line and "HttpOnly" in line and "SameSite=Lax" in line
        async with browser.get("/api/contents") as page:
            assert page.status == 200

        xsrf = next(cookie.value for cookie in jar if cookie.key == "_xsrf")
        async with browser.post("/api/kernels", json={"name": "python3"}, headers={"X-XSRFToken": xsrf}) as answer:
            assert answer.status == 201
            kernel = (await answer.json())["id"]
        async with browser.ws_connect(f"/api/kernels/{kernel}/channels") as socket:
            assert await asyncio.wait_for(execute(socket, "6 * 7"), 60) == "42"
            assert len(await asyncio.wait_for(execute(socket, "'x' * 2_000_000"), 60)) == 2_000_002
        async with browser.delete(f"/api/kernels/{kernel}", headers={"X-XSRFToken": xsrf}) as answer:
            assert answer.status == 204
        async with browser.get("/logout") as page:
            assert page.status == 200
        async with browser.get("/api/contents") as page:
            assert page.status == 403
    samples = counted(metrics)
    assert not any("__undeclared__" in name for name in samples)
    assert not any("errors_total" in name for name in samples), samples
    assert samples['cookiewarden_requests_total{code_class="1xx",method="GET"}'] == 1
