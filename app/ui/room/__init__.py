"""The room: the shell around the step panels."""
