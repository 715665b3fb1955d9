"""Published statements, read and compared."""
