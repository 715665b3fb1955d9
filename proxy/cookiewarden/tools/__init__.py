"""Work of the commands. Functions take and return values; `cli` prints."""
