"""The words of this project: where they stand, and the rules of STYLE.md that a program can hold them to."""
