"""Processes and sockets: the data plane, the admin listener, and one worker's life.

Read in this order: settings, worker (the story), gateway (what all connections share), downstream (a client),
transaction (one request's journey), upstream (the origin), head (bytes in, bytes out), tunnel.
"""
