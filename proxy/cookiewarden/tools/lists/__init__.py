"""Lists of cookies of consent managers and scanners."""
