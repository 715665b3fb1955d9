"""The proxy that runs. `proxy/README.md` has the rooms, and one request's way through them."""
