"""What is added to the codes of the columns: how it is measured, its registers."""
