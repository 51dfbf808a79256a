"""The desk (桌面端): everything a person sees; Qt lives here and nowhere else.

This package file and ``documents/__init__.py`` import nothing: the page-rendering child process starts through them.
"""
