"""Findings of `check` and `test` in the formats of CI systems."""
