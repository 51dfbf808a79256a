"""Who stands for a supplier in the opening room, and which bid is its own."""

from app.errors import InputError
from app.session.rules.state import Bid, State

IN_OPENING = ("gathering", "discipline", "seal_check", "decrypting", "reading", "objections", "signing")


def attending(state: State, supplier: str) -> bool:
    """Whether a representative of the supplier has signed in and is not marked absent."""
    return any(p in state.signed_in and p not in state.absent for p in state.representatives(supplier))


def own_bid(state: State, actor: str) -> Bid:
    """The bid that stands of the supplier a person acts for; InputError ``refused.no_bid``."""
    bid = state.bids.get(state.supplier_of(actor))
    if bid is None or bid.withdrawn or bid.seal == "excluded":
        raise InputError("refused.no_bid")
    return bid


def speaker_of(state: State, supplier: str) -> str:
    """The representative who is waited for: one that is signed in, else the first."""
    people = state.representatives(supplier)
    return next((p for p in people if p in state.signed_in), people[0] if people else supplier)
