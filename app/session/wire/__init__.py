"""What travels between a desk and the host: messages, their limits, the version. Pure."""
