"""The prose of this project, and the rules of STYLE.md that a program can check."""
