"""The data plane: HTTP/1.1 between clients and the application."""
