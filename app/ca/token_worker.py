"""The token worker: the child process that loads modules of tokens. Start: ``python -m app.ca.token_worker``.

It and all that it imports need the standard library alone; python-pkcs11 is used where it is there. So a 32-bit Python
without anything installed serves 32-bit modules: ``python32 -S -m app.ca.token_worker --ctypes``.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from app.ca import cryptoki_ctypes
from app.ca.pkcs11_token import Pkcs11Tokens
from app.ca.skf_token import SkfTokens
from app.ca.token_module import TokenModules
from app.ca.worker_wire import Done, Failed, Forget, ListSlots, Load, Reply, Request, receive_request, send


class Modules:
    """Hands each request to those who know the kind of its module, PKCS#11 or SKF: the exported functions tell."""

    def __init__(self, binding: Any) -> None:
        """``binding``: python-pkcs11, or :mod:`app.ca.cryptoki_ctypes`."""
        self._pkcs11, self._skf = Pkcs11Tokens(binding), SkfTokens()
        self._kinds: dict[str, TokenModules] = {}

    def handle(self, request: Request) -> Reply:
        """Carry out one request."""
        if isinstance(request, Forget):
            for kind in (self._pkcs11, self._skf):
                kind.handle(request)
            return Done()
        if isinstance(request, Load):
            return self._load(request)
        module = request.module if isinstance(request, ListSlots) else request.token.module
        if module not in self._kinds:
            return Failed("token.module_missing")
        return self._kinds[module].handle(request)

    def _load(self, request: Load) -> Reply:
        if not os.path.isfile(request.module):
            return Failed("token.module_missing")
        try:
            library = ctypes.CDLL(request.module)
        except OSError as error:
            return Failed("token.module_broken", type(error).__name__)
        # Where a module speaks both, SKF: it has one set of numbers for SM2, PKCS#11 has one for each vendor.
        kind = self._skf if hasattr(library, "SKF_EnumDev") else self._pkcs11
        reply = kind.handle(request)
        if isinstance(reply, Done):
            self._kinds[request.module] = kind
        return reply


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
    modules = Modules(binding)
    serve(sys.stdin.buffer, outgoing, modules.handle)
    modules.handle(Forget())  # an SKF device would stay logged in without us


if __name__ == "__main__":
    main()
