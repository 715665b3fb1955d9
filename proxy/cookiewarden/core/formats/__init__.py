"""Formats of consent managers. Each reader returns the granted words, or None if it cannot read the whole value."""
