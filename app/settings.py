"""Where things are on this machine."""

import os
from pathlib import Path

import platformdirs

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def data_dir() -> Path:
    """Cases, blobs and settings of this user; ``BIDROOM_DATA`` overrides it."""
    override = os.environ.get("BIDROOM_DATA")
    return Path(override) if override else Path(platformdirs.user_data_dir("bidroom", appauthor=False))
