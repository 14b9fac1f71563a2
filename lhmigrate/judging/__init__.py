"""Whether policies let a flow through, and what a hop changes about it."""
