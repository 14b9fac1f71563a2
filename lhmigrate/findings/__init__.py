"""What there is to tell, in sentences."""
