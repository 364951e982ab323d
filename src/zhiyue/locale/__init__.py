"""Translations, and how numbers and dates are written in each language."""
