"""Sealing a bid (投标文件加密): the wizard."""
