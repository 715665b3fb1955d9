"""Metrics, inventory, access log and spans, all without cookie values."""
