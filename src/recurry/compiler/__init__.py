"""TODO three lines: what comes in, what goes out, what it may import."""
