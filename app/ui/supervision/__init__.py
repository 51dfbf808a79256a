"""Supervision: everything to see, nothing to move."""
