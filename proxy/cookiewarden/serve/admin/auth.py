"""Access rules of the admin listener, for reading and for commands."""

import base64
import hmac
import ipaddress
import re
from dataclasses import dataclass
from functools import partial

from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.keys import read_token
from cookiewarden.serve.admin.messages import Refusal, Request
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.settings import Settings

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::[0-9]*)?")
CHALLENGE = {
    "WWW-Authenticate": 'Basic realm="cookiewarden: any user name, and the token as password", charset="UTF-8"'
}


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Rules of access. To read, browsers send the token as a password with any user name. A command needs `Bearer`,
    which browsers never send automatically with a form of another site."""

    names: frozenset[str]
    token: bytes
    loopback: bool

    def refusal(self, request: Request, changes: bool) -> Refusal | None:
        """Return an error response, or None if the request is allowed. `changes`: the request is a command. It needs
        the token even on loopback, because any page in a browser can send a form to loopback."""
        host = _HOST.fullmatch(request.header(b"host"))
        name = (host[1] or host[2]) if host else ""
        if not _is_address(name) and name.lower() not in self.names:
            why = "this host name is not allowed on the admin listener; add it with --admin-host"
            return Refusal(403, ErrorCode.HOST_NOT_ALLOWED, why)
        if self.loopback and not changes:
            return None
        if not self.token:
            why = "a command needs a token" if changes else "a token is needed because --admin is not on loopback"
            why += ": start the proxy with --admin-token-file"
            return Refusal(403, ErrorCode.TOKEN_NOT_SET, why)
        refused = partial(Refusal, 403) if changes else partial(Refusal, 401, headers=CHALLENGE)
        scheme, _, given = request.header(b"authorization").partition(" ")
        if not given:
            return refused(ErrorCode.TOKEN_REQUIRED, "a token is required, as in Authorization: Bearer TOKEN")
        token = b""
        if scheme.lower() == "bearer":
            token = given.strip(" \t").encode("utf-8", "surrogateescape")
        elif scheme.lower() == "basic" and not changes:
            token = _password(given.strip(" \t"))
        if hmac.compare_digest(token, self.token):
            return None
        return refused(ErrorCode.TOKEN_WRONG, "the token does not match the one in --admin-token-file")


def access_rules(settings: Settings) -> AccessRules:
    """Read the token file and return the access rules. Raises CannotStart."""
    token = b""
    if settings.admin_token_file:
        try:
            token, why_not = read_token(settings.admin_token_file)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}" cannot be read: {reason}') from error
        if why_not:
            raise CannotStart(f'--admin-token-file "{settings.admin_token_file}" {why_not}')
        if len(token) < 16:
            raise CannotStart(
                f'--admin-token-file "{settings.admin_token_file}": the token is too short; expected at least 16 octets'
            )
    names = frozenset({"localhost", *settings.admin_host})
    return AccessRules(names, token, _is_loopback(settings.admin.host))


def _password(credentials: str) -> bytes:
    """Return the password of `Basic` credentials (RFC 7617); empty if they are not valid."""
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
