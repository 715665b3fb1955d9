"""The admin listener: pages and commands for operators."""
