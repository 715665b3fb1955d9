"""Inventory of the cookies seen, and the reports that it allows. Pure code, used by the admin listener, the commands
and the pages.

Reading order: `inventory`, `judge` (the policy's decisions on the inventory), `forecast`, `drift`."""
