"""Bidroom 开评标室: a case is a record that everyone watches being written. See docs/architecture.md."""

__version__ = "0.1.0"
