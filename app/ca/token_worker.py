"""The token worker: the child process that loads modules of tokens. Start: ``python -m app.ca.token_worker``.

It and all that it imports need the standard library alone; python-pkcs11 is used where it is there. So a 32-bit Python
without anything installed serves 32-bit modules: ``python32 -S -m app.ca.token_worker --ctypes``.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from app.ca import cryptoki_ctypes
from app.ca.pkcs11_token import Pkcs11Tokens
from app.ca.worker_wire import Reply, Request, receive_request, send


def serve(incoming: BinaryIO, outgoing: BinaryIO, handle: Callable[[Request], Reply]) -> None:
    """Answer requests one after the other until the pipe ends."""
    while True:
        try:
            request = receive_request(incoming)
        except EOFError:
            return
        send(outgoing, handle(request))


def main() -> None:
    """The child process. Standard output is the program's pipe: modules that print find standard error instead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the program, which then closes the pipe
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    binding: Any = cryptoki_ctypes
    if "--ctypes" not in sys.argv:
        import pkcs11 as binding
    serve(sys.stdin.buffer, outgoing, Pkcs11Tokens(binding).handle)


if __name__ == "__main__":
    main()
