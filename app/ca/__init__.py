"""Certificates and tokens (CA 锁): who signs, who may open, and whom to believe."""
