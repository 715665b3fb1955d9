"""`python -m cookiewarden`."""

from cookiewarden.cli.main import main

main()
