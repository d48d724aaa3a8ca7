"""Files of the DREES."""
