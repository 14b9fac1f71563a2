"""The user's files: found, read, and replaced."""
