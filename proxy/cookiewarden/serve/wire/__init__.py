"""Parsers and serializers of HTTP/1 and the PROXY protocol, without event loop, sockets or clock."""
