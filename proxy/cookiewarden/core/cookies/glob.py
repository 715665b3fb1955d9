"""Globs for names. A `*` matches zero or more characters; all other characters match themselves."""


def name_matches(pattern: str, name: str) -> bool:
    """Check whether a name equals `pattern`, or matches it if it is a glob."""
    parts, whole = pattern.encode().split(b"*"), name.encode()
    if len(parts) == 1:
        return pattern == name
    return whole.startswith(parts[0]) and glob_matches(parts, whole)


def glob_matches(parts: list[bytes], name: bytes) -> bool:
    """Check whether `name`, which begins with the first part, has all parts in order with any text between them.

    Each part is matched at its first occurrence, which finds a match if one exists. This takes linear time, unlike the
    backtracking of a regular expression."""
    last = parts[-1]
    at, end = len(parts[0]), len(name) - len(last)
    for part in parts[1:-1]:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and name.endswith(last)
