"""CA tokens of this machine: certificates, PIN state, what is missing."""
