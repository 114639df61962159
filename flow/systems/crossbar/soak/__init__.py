"""Random crossbar design points and traffic, and what the third reading says of them."""
