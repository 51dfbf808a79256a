"""``bidroom``: one program. The desk opens by itself; everything else is a verb (``bidroom --help``).

The story of a start: this file only chooses; ``cli`` reads the words; ``bootstrap`` joins classes to interfaces.
A frozen program starts its own token worker with the argument ``token-worker``, before Qt or anything else is loaded.
"""

import sys


def main() -> int:
    """The entry point; returns the exit status."""
    if sys.argv[1:2] == ["token-worker"]:
        from app.ca.token_worker import main as token_worker

        token_worker()
        return 0
    from app.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
