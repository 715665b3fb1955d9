"""The pages that the proxy serves itself, for every driver: the script guard and the statement."""
