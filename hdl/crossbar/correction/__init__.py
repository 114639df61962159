"""What is added to the codes of the columns, and how it is measured."""
