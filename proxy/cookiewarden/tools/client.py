"""Outgoing HTTP of the commands: an answer in time, of bearable size, or a sentence that says why not."""

import asyncio
import os
from collections.abc import Mapping

import aiohttp

TOTAL_SECONDS = 30.0
"""For a whole answer: one that drips in comes to an end too."""
MAX_BODY = 64 * 1024 * 1024


class NoAnswer(Exception):
    """Why there is none that can be used; exit code 3."""


def fetch(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = TOTAL_SECONDS,
) -> tuple[int, bytes]:
    """Status and body. Redirects are not followed. Raises NoAnswer."""
    return asyncio.run(_fetch(url, method, headers or {}, body, seconds))


async def _fetch(
    url: str, method: str, headers: Mapping[str, str], body: bytes | None, seconds: float
) -> tuple[int, bytes]:
    timeout = aiohttp.ClientTimeout(total=seconds)
    asked, url = url, url.partition("?")[0]  # a query of hundreds of characters helps nobody
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, asked, headers=headers, data=body, allow_redirects=False) as answer,
        ):
            data = bytearray()
            async for piece in answer.content.iter_chunked(65536):
                data += piece
                if len(data) > MAX_BODY:
                    raise NoAnswer(f"{url} answers with more than {MAX_BODY // 1024 // 1024} MiB")
            return answer.status, bytes(data)
    except TimeoutError:
        raise NoAnswer(f"{url} did not answer within {seconds:g} seconds") from None
    except aiohttp.InvalidURL:
        raise NoAnswer(f'"{url}" is no URL; expected such as http://127.0.0.1:9180') from None
    except aiohttp.ClientConnectorError as error:
        raise NoAnswer(f"{url} cannot be reached: {_why(error.os_error)}") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswer(f"{url} does not answer in HTTP ({type(error).__name__})") from None


def _why(error: OSError) -> str:
    """The system's own words; asyncio's have the address once more."""
    return (
        os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "error"
    ).lower()
