"""Keys of a policy file. Each mapping is a pydantic model, and each key is a field with a description.

The models validate a file and produce the JSON Schema, which contains their names and docstrings.
"""
