"""入会检查: everything is tried before anyone is seen or heard."""
