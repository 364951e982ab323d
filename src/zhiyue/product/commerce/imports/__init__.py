"""Bringing in tables: members with their courses, past orders."""
