"""Small widgets, one a file: a frozen value in, signals out."""
