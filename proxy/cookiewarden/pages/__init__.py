"""Pages for people: templates, the values that fill them, and small charts. This package does no input or output.

The admin listener and the commands call it. All text is escaped twice. Jinja escapes HTML; `printable` escapes control
characters, such as terminal sequences and marks that change the direction of text."""
