"""The resource /.well-known/gpc.json, which states that a site respects Global Privacy Control. For every driver.

The application is asked first, and only its 404 is replaced (Global Privacy Control, "GPC Support Resource")."""

import json

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.wire.request_head import RequestHead

PATH = b"/.well-known/gpc.json"
READS = frozenset({b"GET", b"HEAD"})
LINES = b"Content-Type: application/json\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"


class GpcSupport:
    """The resource of a policy that respects the signal."""

    def __init__(self, updated: str) -> None:
        """Create the resource. `updated`: day of its last change such as 2026-12-31, or empty."""
        said = {"gpc": True, **({"lastUpdate": updated} if updated else {})}
        self.body = json.dumps(said).encode() + b"\n"

    def replaces(self, request: RequestHead, status: int) -> bool:
        """Check whether an answer of the application is replaced."""
        return (
            status == 404
            and request.path.partition(b"?")[0] == PATH
            and request.method in READS
            and not request.has_body
        )

    def answer(self) -> tuple[int, bytes, bytes]:
        """Return status, header lines and body."""
        return 200, LINES, self.body


def support_of(engine: Engine) -> GpcSupport | None:
    """Return the resource, or None if the policy in its mode does not respect the signal, or does not serve it."""
    policy = engine.policy
    if policy.gpc_json == "off" or engine.mode is not Mode.ENFORCE or not _is_respected(engine):
        return None
    return GpcSupport(policy.gpc_json or policy.statement.edited)


def _is_respected(engine: Engine) -> bool:
    """Check whether categories deny their cookies under the signal, and all their entries are enforced."""
    entries = [entry for entry in engine.tables.objected if entry.until > engine.now]
    return bool(entries) and engine.policy.enforces_answer(entries)
