"""Procedural painting: a sheet, pigments, strokes and one module per style."""
