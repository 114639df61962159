"""Speed beside that of an earlier commit; measured by hand, never in the regression."""
