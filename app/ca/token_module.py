"""What the two kinds of modules, PKCS#11 and SKF, have in common within the token worker."""

from typing import Any

from app.ca.worker_wire import (
    Done,
    Failed,
    Forget,
    ListSlots,
    Load,
    Operation,
    PinNeeded,
    RawSlot,
    Reply,
    Request,
    Slots,
    TokenRef,
)


class Ask(Exception):
    """A PIN is needed before the operation can go on."""

    def __init__(self, reply: PinNeeded) -> None:
        super().__init__("pin needed")
        self.reply = reply


class Refuse(Exception):
    """The operation ends with a code."""

    def __init__(self, code: str, error: str = "") -> None:
        super().__init__(code)
        self.reply = Failed(code, error)


class TokenModules:
    """The modules of one kind and the tokens in which a person is logged in."""

    def __init__(self) -> None:
        self._sessions: dict[TokenRef, Any] = {}

    def handle(self, request: Request) -> Reply:
        """Carry out one request; every error of a module becomes a reply."""
        try:
            match request:
                case Load(module, after_loss):
                    self._load(module, after_loss)
                    return Done()
                case ListSlots(module):
                    return Slots(self._list(module))
                case Forget(token):
                    for one in [one for one in self._sessions if token is None or one == token]:
                        if one in self._sessions:  # logging one out may have cost another its session
                            self._log_out(one, self._sessions.pop(one))
                    return Done()
                case _:
                    return self._operate(request)
        except (Ask, Refuse) as answer:
            return answer.reply
        except Exception as error:  # whatever a vendor's module makes of us, the next request is answered
            return Failed("token.refused", type(error).__name__)

    def _load(self, module: str, after_loss: bool) -> None:
        raise NotImplementedError

    def _list(self, module: str) -> list[RawSlot]:
        raise NotImplementedError

    def _operate(self, request: Operation) -> Reply:
        raise NotImplementedError

    def _log_out(self, token: TokenRef, session: Any) -> None:
        raise NotImplementedError
