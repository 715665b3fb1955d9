"""Recorded traffic: HAR files, mitmproxy's flow files, saved heads and access logs, read piece by piece."""
