"""Numbered versions of the schema; importable so that an installed package finds them."""
