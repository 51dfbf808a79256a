"""Cameras, microphones and speakers of this machine, through QtMultimedia."""
