"""The analog macros: behavioural models, blackboxes, and the arrays that instantiate them."""
