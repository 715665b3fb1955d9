"""The running proxy. `proxy/README.md` describes its modules and the path of a request through them."""
