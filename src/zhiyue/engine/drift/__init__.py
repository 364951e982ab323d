"""Shifts of taste: of everybody, of one person, and how fast what people did should fade."""
