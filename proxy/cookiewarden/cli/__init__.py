"""The commands: one file each, each returns an exit code; the only place that prints.

Exit codes: 0 clean, 1 problems found, 2 wrong usage, 3 could not run.
"""
