"""``bidroom archive``: what is made from a case's archive."""

import argparse

from app.cli.texts import said
from app.session.editions import export_edition


def export(options: argparse.Namespace) -> int:
    """Write a party's or a court's edition; prints what it holds, and its head for ``--expect``."""
    summary = export_edition(options.archive, options.edition, options.out)
    print(
        said(
            "archive.exported",
            name=str(options.out),
            entries=summary.size,
            hidden=summary.hidden,
            files=summary.blobs,
            bytes=summary.bytes,
        )
    )
    print(f"{summary.size}:{summary.root}")
    return 0
