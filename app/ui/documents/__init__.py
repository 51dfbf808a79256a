"""Documents: pages are rendered in a child process with limits, never in the desk. Imports nothing."""
