"""The processes of the proxy: one, or a supervisor with workers that are replaced when they die."""
