"""Who may see what is not open to all, and who may change something."""

import base64
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.keys import read_token
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.settings import Settings

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::[0-9]*)?")
CHALLENGE = {"WWW-Authenticate": 'Basic realm="cookiewarden: any name, and the token", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error."""

    status: int
    code: ErrorCode
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Browsers have the token as the password of any name, for what they are shown; what changes something takes
    `Bearer`, which no browser sends automatically with a form of another site's."""

    names: frozenset[str]
    token: bytes
    loopback: bool

    def refusal(self, request: web.BaseRequest, changes: bool) -> Refusal | None:
        """None where it may be answered. What changes something needs the token everywhere: any page that a browser has
        open can send a form to loopback."""
        host = _HOST.fullmatch(request.headers.get("Host", ""))
        name = (host[1] or host[2]) if host else ""
        if not _is_address(name) and name.lower() not in self.names:
            why = "this name is not one of the admin listener's; add it with --admin-host"
            return Refusal(403, ErrorCode.HOST_NOT_ALLOWED, why)
        if self.loopback and not changes:
            return None
        if not self.token:
            why = "this changes something" if changes else "--admin is not on loopback"
            why += ": it needs the proxy to be started with --admin-token-file"
            return Refusal(403, ErrorCode.TOKEN_NOT_SET, why)
        refused = partial(Refusal, 403) if changes else partial(Refusal, 401, headers=CHALLENGE)
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if not given:
            return refused(ErrorCode.TOKEN_REQUIRED, "this needs the token, as in: Authorization: Bearer TOKEN")
        token = b""
        if scheme.lower() == "bearer":
            token = given.strip(" \t").encode("utf-8", "surrogateescape")
        elif scheme.lower() == "basic" and not changes:
            token = _password(given.strip(" \t"))
        if hmac.compare_digest(token, self.token):
            return None
        return refused(ErrorCode.TOKEN_WRONG, "this is not the token of --admin-token-file")


def access_rules(settings: Settings) -> AccessRules:
    """Raises CannotStart."""
    token = b""
    if settings.admin_token_file:
        try:
            token, why_not = read_token(settings.admin_token_file)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": {reason}') from error
        if why_not:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}" {why_not}')
        if len(token) < 16:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}": fewer than 16 octets in it')
    names = frozenset({"localhost", *settings.admin_host})
    return AccessRules(names, token, _is_loopback(settings.admin.host))


def _password(credentials: str) -> bytes:
    """Of `Basic` (RFC 7617); empty where it is not valid."""
    try:
        return base64.b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
