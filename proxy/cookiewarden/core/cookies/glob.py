"""Globs for names. A `*` matches zero or more characters; all other characters match themselves."""


def name_matches(pattern: str, name: str) -> bool:
    """Check whether a name equals `pattern`, or matches it if it is a glob."""
    parts, whole = pattern.encode().split(b"*"), name.encode()
    if len(parts) == 1:
        return pattern == name
    begin, end = len(parts[0]), len(whole) - len(parts[-1])
    if begin > end or not whole.startswith(parts[0]) or not whole.endswith(parts[-1]):
        return False
    return has_in_order([part for part in parts[1:-1] if part], whole[begin:end])


def has_in_order(parts: list[bytes], text: bytes) -> bool:
    """Check whether a text has all parts in order, with any text between them. Parts have no `*` and are not empty.

    Each part is matched at its first occurrence, which finds a match if one exists. This takes linear time, unlike the
    backtracking of a regular expression."""
    rest = text + b"*"  # after all parts it is left, because parts have none
    for part in parts:
        rest = rest.partition(part)[2]
    return rest != b""
