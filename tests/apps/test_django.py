"""Django's admin behind the proxy in enforce mode: login, CSRF, an upload, logout, by a real client."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.apps.behind import HERE, counted, proxied
from tests.apps.django_site import django_site

pytestmark = pytest.mark.apps


@pytest.fixture
async def django(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    with django_site(tmp_path) as port, proxied(HERE / "django.yaml", port) as urls:
        yield urls


async def test_the_admin_works_behind_the_proxy_and_nothing_undeclared_passes(
    django: tuple[str, str], tmp_path: Path
) -> None:
    url, metrics = django
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=url)
    async with aiohttp.ClientSession(url, cookie_jar=jar, headers={"Origin": url}) as browser:

        async def token(path: str) -> str:
            async with browser.get(path) as page:
                assert page.status == 200
                return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', await page.text())[1]

        # Django refuses the login without the token of the form, so CSRF protection works through the proxy.
        login = {"username": "admin", "password": "secret", "next": "/admin/"}
        async with browser.post("/admin/login/", data=login) as refused:
            assert refused.status == 403
        login["csrfmiddlewaretoken"] = await token("/admin/login/")
        async with browser.post("/admin/login/", data=login, allow_redirects=False) as answer:
            assert answer.status == 302
            lines = sorted(answer.headers.getall("Set-Cookie"))
            assert [line.partition("=")[0] for line in lines] == ["csrftoken", "sessionid"]
            assert all("; Secure" in line and "SameSite=Lax" in line for line in lines)
            assert "HttpOnly" in lines[1] and "HttpOnly" not in lines[0]
        async with browser.get("/admin/") as page:
            assert "Site administration" in await page.text()

        form = aiohttp.FormData({"csrfmiddlewaretoken": await token("/admin/documents/document/add/")})
        form.add_field("file", io.BytesIO(b"x" * 3_000_000), filename="cv.pdf")
        async with browser.post("/admin/documents/document/add/", data=form) as page:
            assert page.status == 200 and "was added successfully" in await page.text()
        assert (tmp_path / "media" / "documents" / "cv.pdf").stat().st_size == 3_000_000

        jar.update_cookies({"invented": "1"})
        async with browser.get("/tracked") as page:
            assert await page.text() == "csrftoken,sessionid"
            assert "Set-Cookie" not in page.headers

        async with browser.post("/admin/logout/", data={"csrfmiddlewaretoken": await token("/admin/")}) as page:
            assert "Logged out" in await page.text()
        async with browser.get("/admin/", allow_redirects=False) as page:
            assert page.status == 302
    assert {cookie.key for cookie in jar} == {"csrftoken", "invented"}
    samples = counted(metrics)
    assert samples['cookiewarden_cookies_total{action="block",cookie="__undeclared__",direction="response"}'] == 1
    assert not any("__undeclared__" in name and 'action="pass"' in name for name in samples)
    assert not any("errors_total" in name for name in samples), samples
