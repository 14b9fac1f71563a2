"""A running cluster: asked, judged, and told the result."""
