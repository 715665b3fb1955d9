"""What was seen of cookies and what follows from it. Pure: the admin listener, the commands and the pages are its
callers.

Read in this order: `inventory` (what was seen), `judge` (what a policy says of it), `forecast`, `drift`."""
