"""Commands, one file each. A command returns its exit code; only this package prints.

Exit codes are 0 clean, 1 problems found, 2 wrong usage, 3 could not run.
"""
