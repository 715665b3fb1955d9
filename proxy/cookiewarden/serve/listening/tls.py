"""TLS on both sides: contexts from files, and certificate renewal without dropped connections.

The contexts have Python's defaults: TLS 1.2 or newer, no compression, the cipher list of OpenSSL. ALPN (RFC 7301)
offers HTTP/1.1 only, because the proxy supports no other version; for calls of Envoy, HTTP/2 only.
"""

import os
import ssl
from pathlib import Path

from cookiewarden.serve.settings import Settings

ALPN = ["http/1.1"]
ALPN_GRPC = ["h2"]


class BadTLS(Exception):
    """A one-line error about certificates that cannot be used. It never contains a key."""


def _loading(context: ssl.SSLContext, flag: str, cert: str, key: str) -> None:
    """Load a certificate and its key into a context. Raises BadTLS."""
    try:
        context.load_cert_chain(cert, key or None, password=_no_password)
    except (OSError, ValueError) as error:
        if not key and isinstance(error, ssl.SSLError) and _only_a_certificate(Path(cert).read_bytes()):
            raise BadTLS(f'{flag} "{cert}" contains no private key; give {flag.replace("cert", "key")}') from None
        files = f'"{cert}"' + (f' with key "{key}"' if key else "")
        raise BadTLS(f"{flag} {files} cannot be used: {told_of(error, 'not PEM')}") from None


def _only_a_certificate(pem: bytes) -> bool:
    return b"BEGIN CERTIFICATE" in pem and b"PRIVATE KEY" not in pem


def _no_password() -> str:
    raise ValueError("the key is protected by a password; give one without a password")


def _trusting(context: ssl.SSLContext, flag: str, ca: str) -> None:
    """Trust the certificate authorities of a file. Raises BadTLS."""
    try:
        context.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        raise BadTLS(f'{flag} "{ca}" cannot be used: {told_of(error, "not PEM")}') from None


def told_of(error: OSError | ValueError, otherwise: str = "no TLS") -> str:
    """Describe an error of the system or of OpenSSL in a few words; `otherwise` without a reason from OpenSSL."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate rejected: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or otherwise).replace("_", " ").lower()
    return ((isinstance(error, OSError) and error.strerror) or str(error)).lower()


class ListenerTLS:
    """The listener's TLS context and the state of its files. Renewed files need a new instance."""

    def __init__(self, settings: Settings) -> None:
        """Load the files. Raises BadTLS."""
        self.settings = settings
        self.stamps = self.look()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(ALPN if settings.extproc is None else ALPN_GRPC)
        if settings.tls_client_ca:
            _trusting(self.context, "--tls-client-ca", settings.tls_client_ca)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self._load(self.context)

    def _load(self, context: ssl.SSLContext) -> None:
        _loading(context, "--tls-cert", self.settings.tls_cert, self.settings.tls_key)

    def look(self) -> tuple[object, ...]:
        """Return the current state of the files, to detect changes."""
        return tuple(map(_stamp, (self.settings.tls_cert, self.settings.tls_key)))


def listener_tls(settings: Settings) -> ListenerTLS | None:
    """Return the TLS context that `--tls-cert` requests, if any. Raises BadTLS."""
    if settings.tls_cert:
        return ListenerTLS(settings)
    if settings.tls_key or settings.tls_client_ca:
        raise BadTLS("--tls-key and --tls-client-ca need --tls-cert")
    return None


def _stamp(path: str) -> object:
    try:
        status = os.stat(path)
    except OSError as error:
        return error.errno
    return status.st_size, status.st_mtime_ns, status.st_ino


def upstream_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context for an https:// upstream; None for any other. Raises BadTLS."""
    if settings.upstream is None or not settings.upstream.tls:
        return None
    context = ssl.create_default_context()
    if settings.upstream_ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trusting(context, "--upstream-ca", settings.upstream_ca)
    if not settings.upstream_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.upstream_cert:
        _loading(context, "--upstream-cert", settings.upstream_cert, settings.upstream_key)
    context.set_alpn_protocols(ALPN)
    return context
