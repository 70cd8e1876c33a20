"""Example photos, example styles and the scripts that make them."""
