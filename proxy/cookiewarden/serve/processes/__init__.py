"""Which processes there are, and what happens when one dies."""
