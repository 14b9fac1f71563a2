"""Which of your network policies a Longhorn upgrade would cut through, and what to change first."""

__version__ = "0.1.0"
