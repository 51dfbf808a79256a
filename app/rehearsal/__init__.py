"""Rehearsal (演练): people, certificates and cases that are never real."""
