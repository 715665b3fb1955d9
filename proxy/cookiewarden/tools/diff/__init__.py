"""Two policies compared by what they do."""
