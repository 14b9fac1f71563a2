"""What to change about policies, and how that becomes text."""
