"""Entry point of `python -m cookiewarden`."""

from cookiewarden.start import main

main()
