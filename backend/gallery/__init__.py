"""The pictures on offer: our own, and those that somebody drops into a folder. Read ``gallery`` first."""
