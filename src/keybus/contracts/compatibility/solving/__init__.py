"""Searching for a value that makes formulas true, or proving that there is none."""
