"""What stands around the weight window: its registers' side, and the marks of a slice."""
