"""One processor for several applications behind real Envoy: a route selects its policy."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.envoy.clients import Http1
from tests.envoy.envoys import ENVOYS, ext_proc, manager, running
from tests.support import policies
from tests.support.origin import Origin, answering

pytestmark = pytest.mark.envoy
MAIN = "version: 1\npolicy: main\ncookies: [{name: sid}]\n"
SHOP = "version: 1\npolicy: shop\ncookies: [{name: cart}]\n"
ANSWER = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: cart=CANARY\r\nContent-Length: 2\r\n\r\nok"
PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute"


def routes(config: dict[str, Any]) -> None:
    """Add a route for the shop, whose metadata names the policy, and a route with an unknown name."""
    host = manager(config)["route_config"]["virtual_hosts"][0]
    (last,) = host["routes"]
    for prefix, name in (("/shop", "shop"), ("/unknown", "unknown")):
        overrides = {"grpc_initial_metadata": [{"key": "cookiewarden-policy", "value": name}]}
        route = {
            "match": {"prefix": prefix},
            "route": last["route"],
            "typed_per_filter_config": {"envoy.filters.http.ext_proc": {"@type": PER_ROUTE, "overrides": overrides}},
        }
        host["routes"].insert(0, route)


def whole(config: dict[str, Any]) -> None:
    """Select the policy for all routes, as `cookiewarden envoy --name` does."""
    ext_proc(config)["grpc_service"]["initial_metadata"] = [{"key": "cookiewarden-policy", "value": "shop"}]


@pytest.mark.parametrize("version", ENVOYS)
def test_a_route_selects_its_policy_and_a_browser_cannot(version: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(MAIN)
    (tmp_path / "shop.yaml").write_text(SHOP)
    flags = ("--extproc-policy", f"shop={tmp_path / 'shop.yaml'}", "--extproc-host", "shop.example=shop")
    wanted = {"/": [b"sid=CANARY"], "/shop": [b"cart=CANARY"], "/unknown": []}
    for edit, paths in ((routes, wanted), (whole, {"/": [b"cart=CANARY"]})):
        folder = tmp_path / edit.__name__
        folder.mkdir()
        with (
            contextlib.closing(Origin(answering(ANSWER))) as origin,
            running(
                version, policies.policy(MAIN), tmp_path / "main.yaml", folder, origin.port, *flags, edit=edit
            ) as envoy,
            contextlib.closing(Http1(envoy.port)) as connection,
        ):
            for path, cookies in paths.items():
                pretends = [(b"cookiewarden-policy", b"shop")]
                assert connection.ask(path.encode(), pretends, host=b"other.example").all(b"set-cookie") == cookies
            assert connection.ask(b"/", host=b"shop.example").all(b"set-cookie") == [b"cart=CANARY"]
