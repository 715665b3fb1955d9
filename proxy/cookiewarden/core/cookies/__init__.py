"""What is in a Set-Cookie or Cookie line, and whom a browser would send it to."""
