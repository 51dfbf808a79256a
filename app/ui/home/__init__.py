"""我的项目: the first screen, a new case, settings."""
