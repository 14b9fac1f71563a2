"""What was found, in the forms that people and programs read. Every form is made from the same values."""
