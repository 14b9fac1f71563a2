"""A tree whose own declarations tell from which release to which it goes."""
