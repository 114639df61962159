"""Program-and-verify in the weight window."""
