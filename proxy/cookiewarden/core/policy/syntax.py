"""Explanations of YAML syntax errors, in place of libyaml's own messages."""

PHRASES = {
    "mapping values are not allowed": ('unexpected ":"; quote text that contains a colon, or correct the indentation'),
    "did not find expected key": (
        "this line does not continue the mapping or list above it; correct its indentation, or close a quote"
    ),
    "did not find expected '-' indicator": (
        "this line is not an item of the list above it; begin it with -, or correct the indentation"
    ),
    "did not find expected ',' or ']'": "a list in [ ] is not closed; add ], or a missing comma",
    "did not find expected ',' or '}'": "a mapping in { } is not closed; add }, or a missing comma",
    "could not find expected ':'": "a key has no colon; write it as in key: value",
    "found character that cannot start any token": (
        "a value cannot begin with this character; indent with spaces instead of tabs, and quote text that "
        "begins with @, ` or %"
    ),
    "alphabetic or numeric character": (
        'a * or & begins an alias or an anchor; quote text that begins with one, as in "*_id"'
    ),
    "unexpected end of stream": "a quoted text is not closed; add the closing quote",
    "invalid Unicode character escape": "this \\u escape is not a valid character; correct it",
    "expected comment or line break": (
        "text after | or > begins on the next line; quote text that begins with one of these"
    ),
    "mapping keys are not allowed": "a ? begins a key; quote text that begins with one",
    "indentation indicator": "expected a number from 1 to 9 after | or >",
    "directive": "a line that begins with % is a directive, which is not allowed; remove it",
    "unexpected document indicator": "a quoted text is not closed before ---; add the closing quote",
    "unknown escape character": "a \\ in double quotes begins an escape; double it, or use single quotes",
    "tab character": "a tab is not allowed here; indent with spaces",
    "did not find expected node content": (
        "a value is missing here, or begins with a special character of YAML; quote it"
    ),
    "block sequence entries are not allowed": ("a list item cannot begin here; write it on a new line below its key"),
    "incompatible YAML": "this version of YAML is not supported; remove the %YAML line",
    "document start": "text follows the end of the document; a policy is one document",
    "scanning a tag": "a ! begins a tag, which is not allowed; quote text that begins with one",
}
"""Explanations by a part of libyaml's message; the first match counts."""


def explain(said: str) -> str:
    """Return the explanation of an error of libyaml, or libyaml's own message if the table has none."""
    return next((sentence for phrase, sentence in PHRASES.items() if phrase in said), said)
