"""Bytes of HTTP and of the PROXY protocol, in and out. No loop, no socket, no clock."""
