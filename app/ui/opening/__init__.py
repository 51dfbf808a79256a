"""The opening room step by step: one panel a phase."""
