"""Who takes part, as the agency's staff runs it: registration, links, identity, seats, replacement."""
