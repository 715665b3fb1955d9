"""cookiewarden: a reverse proxy that enforces the cookie register a site publishes."""

__version__ = "0.1.0"
