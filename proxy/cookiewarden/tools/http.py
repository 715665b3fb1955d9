"""Outgoing HTTP of the commands: an answer in time, of bearable size, or a sentence that says why not."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from cookiewarden.core.policy.problem import printable, shown_url
from cookiewarden.errors import CannotRun

TOTAL_SECONDS = 30.0
"""For a whole answer: one that drips in comes to an end too."""
MAX_FIELD = 65536
"""Octets of a header field."""
MAX_BODY = 64 * 1024 * 1024


class NoAnswer(CannotRun):
    """Why there is no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. No repr of its head and body: a stranger's headers hold cookies."""

    url: str
    status: int
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Whether it says that it is a page for people."""
        types = (value for name, value in self.headers if name.lower() == b"content-type")
        return next(types, b"").lower().startswith(b"text/html")


MAX_REDIRECTS = 10


def follow(url: str, seconds: float = TOTAL_SECONDS) -> list[Answer]:
    """A page as a browser without cookies gets it: the answer, and before it those that led there. Raises NoAnswer."""
    answers: list[Answer] = []
    while True:
        answers.append(_ask(url, "GET", {"Accept": "text/html,*/*"}, None, seconds))
        last = answers[-1]
        where = next((value for name, value in last.headers if name.lower() == b"location"), b"")
        if last.status not in (301, 302, 303, 307, 308) or not where:
            return answers
        if len(answers) > MAX_REDIRECTS:
            raise NoAnswer(f"{answers[0].url} leads on and on: more than {MAX_REDIRECTS} redirects")
        try:
            url = urljoin(url, where.decode())
        except ValueError:
            raise NoAnswer(f"{last.url} leads to no URL") from None
        if not url.startswith(("http://", "https://")):
            raise NoAnswer(f"{last.url} leads to {printable(shown_url(url))[:200]}, which is not asked for by HTTP")


def fetch(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = TOTAL_SECONDS,
) -> Answer:
    """Redirects are not followed. Raises NoAnswer."""
    return _ask(url, method, headers or {}, body, seconds)


def _ask(url: str, method: str, headers: Mapping[str, str], body: bytes | None, seconds: float) -> Answer:
    """Raises NoAnswer."""
    # Imported late, as aiohttp is: most commands that can ask for a URL are seldom asked to.
    import asyncio

    return asyncio.run(_fetch(url, method, headers, body, seconds))


async def _fetch(url: str, method: str, headers: Mapping[str, str], body: bytes | None, seconds: float) -> Answer:
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
                if len(data) > MAX_BODY:
                    raise NoAnswer(f"{url} answers with more than {MAX_BODY // 1024 // 1024} MiB")
            return Answer(url, answer.status, list(answer.raw_headers), bytes(data))
    except TimeoutError:
        raise NoAnswer(f"{url} did not answer within {seconds:g} seconds") from None
    except aiohttp.InvalidURL:
        raise NoAnswer(f'"{url}" is no URL; expected such as http://127.0.0.1:9180') from None
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or "it is not trusted"
        raise NoAnswer(f"{url} shows a certificate that is not accepted: {why.lower()}") from None
    except aiohttp.ClientSSLError:
        raise NoAnswer(f"{url} cannot be asked by TLS: it speaks none, or another version") from None
    except aiohttp.ClientConnectorError as error:
        raise NoAnswer(f"{url} cannot be reached: {_why(error.os_error)}") from None
    except aiohttp.ClientResponseError:
        raise NoAnswer(f"{url} answers with a head that cannot be read: it is no HTTP, damaged or too large") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswer(f"{url} does not answer in HTTP ({type(error).__name__})") from None


def _why(error: OSError) -> str:
    """The system's own words; asyncio's have the address once more."""
    return (os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "error").lower()
