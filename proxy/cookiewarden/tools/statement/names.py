"""Names of cookies on pages, with placeholders and lists of names."""

import re

BROWSERS = frozenset(
    [
        "chrome",
        "firefox",
        "safari",
        "edge",
        "opera",
        "brave",
        "internet",
        "explorer",
        "android",
        "ios",
        "vivaldi",
    ]
)
"""Names of browsers, which are items of lists about settings."""
STRONG = re.compile(
    r"[_%*0-9]|[a-z][A-Z]|^[A-Z]{4,}$|^(sid|sess|session|lang|token|csrf|locale)|(sid|id|token|session)$|-[a-z]+-"
)
"""Forms of names that other words do not have."""
MAX_NAMES = 50
"""Maximum names with one text; longer lists are not lists of names."""
COUNT = re.compile(r"\s?\[x[0-9]{1,4}\]")
"""Number of cookies of a name in declarations of Cookiebot: `__cf_bm [x2]`."""
_AND = re.compile(r"[,;\n]|\s/\s|\s&\s|\s(?:and|or|en|of|und|oder|et|ou|y|e|o)\s")


def names_in(cell: str, in_table: bool) -> list[str]:
    """Parse the names in a cell: `sid`, `sid (1 year)`, `a, b`, `a / b`, `a and b`, a name in each line."""
    bare = re.sub(r"\s?\([^()]*\)", "", COUNT.sub("", cell))
    pieces = [re.split(r"\s?\(|\s[\u2013-]\s", piece)[0] for piece in _AND.split(bare)]
    words = [re.sub(r"\s(?=[\[<{])", "", piece.strip(" \"'`\u201c\u201d")) for piece in pieces]
    words = list(filter(None, words)) if len(words) > 1 else words
    if len(words) == 1 and " " in words[0]:  # one name per line in the source
        words = words[0].split(" ")
        words = words if all(map(STRONG.search, words)) else []
    return words if len(words) <= MAX_NAMES and all(could_be_a_name(word, in_table) for word in words) else []


def could_be_a_name(name: str, in_table: bool = False) -> bool:
    """Check a name. `in_table`: it is in a column of names, where the name of a browser can be a cookie's name."""
    if not name or len(name) > 128 or re.search(r"[\s;=,\ufffd]|^https?:|^www\.|@", name) or not name.isprintable():
        return False
    if re.search(r"[{}<>\[\]]", pattern(name)):  # without its other half
        return False
    return (in_table or name.lower() not in BROWSERS) and re.search(r"[\w%]", name) is not None


# Brackets do not nest, so that a page of opening brackets takes linear time.
_ANYTHING = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>|(?<![A-Za-z])[xX]{2,}(?![A-Za-z])|#+|\u2026|\.{3}|\*+")


def pattern(written: str) -> str:
    """Convert names such as `intercom-id-xxx`, `_ga_<container-id>` and `_gat_[name]` to globs."""
    said = _ANYTHING.sub("*", COUNT.sub("", written).strip())
    said = re.sub(r"(?<=\*)([-_.])[xX](?![^-_.])", r"\1*", said)  # as in _gat_UA-XXXXXX-X
    return re.sub(r"\*+", "*", said).replace(" *", "*")
