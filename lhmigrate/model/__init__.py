"""Values that the whole core speaks of: labels, ports, peers, policies, and what a user says of an installation."""
