"""Pull requests, where they are kept, and the one comment on each."""
