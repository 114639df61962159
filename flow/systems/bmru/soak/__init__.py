"""Random BMRU design points and clips, and what the third reading says of them."""
