"""Which keys does a policy file have? One pydantic model for each mapping, one described field for each key.

The same models validate a file and give the JSON Schema, in which their names and docstrings stand.
"""
