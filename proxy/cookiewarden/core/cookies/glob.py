"""Does a glob match a name? In a glob `*` stands for zero or more characters, and nothing else is special."""


def name_matches(pattern: str, name: str) -> bool:
    """Whether a name is `pattern`, or matches it where that is a glob."""
    parts, whole = pattern.encode().split(b"*"), name.encode()
    if len(parts) == 1:
        return pattern == name
    return whole.startswith(parts[0]) and glob_matches(parts, whole)


def glob_matches(parts: list[bytes], name: bytes) -> bool:
    """Whether `name`, which begins with the first of the parts, is all of them in order with anything between.
    Each part is taken where it first stands, which finds a match if there is one: the cost is linear, where a
    regular expression would try every place."""
    last = parts[-1]
    at, end = len(parts[0]), len(name) - len(last)
    for part in parts[1:-1]:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and name.endswith(last)
