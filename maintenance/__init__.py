"""What maintainers of the catalogue run; none of it is part of the installed tool."""
