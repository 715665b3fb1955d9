"""cookiewarden, a reverse proxy that enforces the cookie register of a site."""

__version__ = "0.1.0"
