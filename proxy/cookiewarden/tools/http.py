"""HTTP client of the commands. A request returns a response within limits of time and size, or raises NoAnswer."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from cookiewarden.core.policy.problem import printable, shown_url
from cookiewarden.errors import CannotRun

TOTAL_SECONDS = 30.0
"""Time limit of a whole response, so that a slow body cannot block a command."""
MAX_FIELD = 65536
"""Maximum size of a header field in octets."""
MAX_BODY = 64 * 1024 * 1024


class NoAnswer(CannotRun):
    """Reason why a request has failed."""


class NotConnected(NoAnswer):
    """Reason why a server cannot be reached."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Response. Its repr leaves out headers and body, because they can have cookie values."""

    url: str
    status: int
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """True if its Content-Type is text/html."""
        types = (value for name, value in self.headers if name.lower() == b"content-type")
        return next(types, b"").lower().startswith(b"text/html")


MAX_REDIRECTS = 10


OnRead = Callable[[int], None]
"""A function that gets the number of octets of each piece of a body."""


def follow(url: str, seconds: float = TOTAL_SECONDS, on_read: OnRead = lambda octets: None) -> list[Answer]:
    """Request a page without cookies and follow redirects. Returns all responses, the page last. Raises NoAnswer."""
    answers: list[Answer] = []
    while True:
        answers.append(_ask(url, "GET", {"Accept": "text/html,*/*"}, None, seconds, on_read))
        last = answers[-1]
        where = next((value for name, value in last.headers if name.lower() == b"location"), b"")
        if last.status not in (301, 302, 303, 307, 308) or not where:
            return answers
        if len(answers) > MAX_REDIRECTS:
            raise NoAnswer(f"{answers[0].url}: too many redirects (more than {MAX_REDIRECTS})")
        try:
            url = urljoin(url, where.decode())
        except ValueError:
            raise NoAnswer(f"{last.url} redirects to a Location that is not a valid URL") from None
        if not url.startswith(("http://", "https://")):
            raise NoAnswer(f"{last.url} redirects to {printable(shown_url(url))[:200]}, which is not an HTTP URL")


def fetch(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Send a request without following redirects. `seconds` limits the whole exchange. Raises NoAnswer."""
    return _ask(url, method, headers or {}, body, seconds)


def _ask(
    url: str,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    seconds: float,
    on_read: OnRead = lambda octets: None,
) -> Answer:
    """Send a request and return its response. Raises NoAnswer."""
    # Imported late, like aiohttp: most runs of these commands do not need it.
    import asyncio

    return asyncio.run(_fetch(url, method, headers, body, seconds, on_read))


async def _fetch(
    url: str, method: str, headers: Mapping[str, str], body: bytes | None, seconds: float, on_read: OnRead
) -> Answer:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=seconds)
    asked, url = url, shown_url(url)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, max_field_size=MAX_FIELD, max_line_size=MAX_FIELD) as session,
            session.request(method, asked, headers=headers, data=body, allow_redirects=False) as answer,
        ):
            data = bytearray()
            async for piece in answer.content.iter_chunked(65536):
                data += piece
                on_read(len(piece))
                if len(data) > MAX_BODY:
                    raise NoAnswer(f"the response of {url} is larger than {MAX_BODY // 1024 // 1024} MiB")
            return Answer(url, answer.status, list(answer.raw_headers), bytes(data))
    except TimeoutError:
        raise NoAnswer(f"{url} did not answer within {seconds:g} seconds") from None
    except aiohttp.InvalidURL:
        raise NoAnswer(f'"{url}" is not a valid URL, such as http://127.0.0.1:9180') from None
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or "not trusted"
        raise NoAnswer(f"the certificate of {url} is not valid: {why.lower()}") from None
    except aiohttp.ClientSSLError:
        raise NoAnswer(f"{url}: the TLS handshake failed; the server has no TLS or another version") from None
    except aiohttp.ClientConnectorError as error:
        raise NotConnected(f"cannot connect to {url}: {_why(error.os_error)}") from None
    except aiohttp.ClientResponseError:
        raise NoAnswer(f"{url}: the response headers are not valid (not HTTP, corrupt, or too large)") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswer(f"{url}: the response is not HTTP ({type(error).__name__})") from None


def _why(error: OSError) -> str:
    """Return the system's message for an error. The message of asyncio repeats the address."""
    return (os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "error").lower()
