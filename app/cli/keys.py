"""``bidroom keys``: where the secrets of this machine lie, and moving them."""

import argparse
import json

from app import keystore
from app.cli.texts import said
from app.session.keys import secret_files


def keys(options: argparse.Namespace) -> int:
    """Say where secrets lie; with ``--place`` choose, and bring the existing ones there."""
    moved = 0
    if options.place:
        keystore.choose(keystore.Place(options.place))
        moved = keystore.move(secret_files(options.home))
    state = keystore.state()
    files = [(path, kind, keystore.is_wrapped(path)) for path, kind in secret_files(options.home)]
    if options.json:
        listed = [{"path": str(path), "kind": kind, "keyring": wrapped} for path, kind, wrapped in files]
        print(json.dumps({"place": state.place, "keyring": state.keyring, "moved": moved, "files": listed}))
        return 0
    print(said(f"place.{state.place}"))
    print(said("keyring.is", name=state.keyring) if state.keyring else said("keyring.none"))
    if moved:
        print(said("moved", count=moved))
    for path, _kind, wrapped in files:
        print(f"  {said('in.keyring' if wrapped else 'in.file')}  {path}")
    return 0
