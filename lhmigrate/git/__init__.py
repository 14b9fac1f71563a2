"""The user's git repository."""
