"""Flow files of mitmproxy, read by mitmproxy itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.recorded import NoTraffic, Recorded


def read_flows(file: IO[bytes], path: Path) -> Iterator[Recorded]:
    """Yield the HTTP flows of a file. Raises NoTraffic."""
    try:
        from mitmproxy.exceptions import FlowReadException
        from mitmproxy.http import HTTPFlow
        from mitmproxy.io import FlowReader
    except ImportError:
        raise NoTraffic(
            f"\"{path}\" looks like a flow file; to read it, install mitmproxy: pip install 'cookiewarden[mitm]'"
        ) from None
    declared = re.match(rb"([0-9]+):", file.peek(20))  # type: ignore[attr-defined]
    if declared is None or len(declared[1]) > 15 or int(declared[1]) > path.stat().st_size:
        raise NoTraffic(f'"{path}" is a damaged flow file (shorter than its first length field)')
    try:
        for flow in FlowReader(file).stream():
            if isinstance(flow, HTTPFlow):
                yield _exchange(flow)
    except FlowReadException as error:
        raise NoTraffic(
            f'"{path}" is not a flow file of this mitmproxy ({error}); using the flows before that place'
        ) from None
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        AssertionError,
        MemoryError,
        OverflowError,
    ) as error:
        raise NoTraffic(
            f'"{path}" is a damaged flow file ({type(error).__name__}); using the flows before that place'
        ) from None


def _exchange(flow: Any) -> Recorded:
    request, response = flow.request, flow.response
    asked = [(bytes(name), bytes(value)) for name, value in request.headers.fields]
    answered = [(bytes(name), bytes(value)) for name, value in response.headers.fields] if response else []
    exchange = Exchange(
        request.pretty_host.encode(),
        request.path.encode("utf-8", "surrogateescape"),
        request.scheme == "https",
        asked,
        request.method.encode(),
    )
    at = (response.timestamp_start if response else None) or request.timestamp_start or 0.0
    return Recorded(exchange, asked, answered, at)
