"""What each release of Longhorn needs on the network, as the catalogue tells it."""
