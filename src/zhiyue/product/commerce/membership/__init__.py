"""Memberships: the plans that are sold, what members hold of them, and when it is earned."""
