"""What the proxy answers itself; for every driver."""
