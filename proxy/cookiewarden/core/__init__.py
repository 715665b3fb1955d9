"""Pure core: values in, values out. It uses no clock, disk, socket, logging or environment.

Packages, in reading order: `policy` (from files to a Policy), `cookies` (RFC 6265bis), `engine` (decisions on
cookies) and `report` (inventory, drift, forecast and statement).
"""
