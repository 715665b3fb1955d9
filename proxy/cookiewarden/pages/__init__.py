"""Pages that people read: templates, what they are filled with, and small charts. Values in, text out.

The admin listener and the commands are the callers. Everything is escaped twice over: Jinja for HTML, and `printable`
for what a terminal or a browser would act on, such as marks that turn the direction of a text."""
