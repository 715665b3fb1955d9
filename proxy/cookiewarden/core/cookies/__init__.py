"""Set-Cookie and Cookie lines, and the hosts and paths to which browsers send cookies (RFC 6265bis)."""
