"""The sealed envelope (投标文件的密封): one format for bids, sealed score sheets and final quotes.

Nobody opens it alone and nobody early: its key has a layer of the supplier's own and a layer of k of n openers (and
those who *must* take part), as the policy says. The story in the order of the modules:

- :mod:`app.ca.envelope_plan` draws the secrets and wraps a share to every recipient;
- :mod:`app.ca.envelope_seal` encrypts the files, has the manifest signed, writes the header;
- :mod:`app.ca.envelope_header` reads the header and checks every byte without a key: this is what a receipt rests on;
- :mod:`app.ca.envelope_shares` takes a share out with its holder's key and combines shares after the deadline;
- :mod:`app.ca.envelope_open` decrypts into sinks and verifies what its maker signed.

The format: docs/formats/bid-envelope.md. The attacks it answers: tests/ca/test_envelope_attacks.py.
"""

from app.ca.envelope_header import Core, EnvelopeHeader, Policy, Purpose, RecipientEntry, check, read_header
from app.ca.envelope_manifest import SIGNATURE_DOMAIN, FileEntry
from app.ca.envelope_open import OpenedEnvelope, Sink, open_envelope, open_with_key
from app.ca.envelope_plan import Recipient
from app.ca.envelope_seal import SealedEnvelope, seal, seal_bytes
from app.ca.envelope_shares import Share, share_matches, take_share
from app.ca.suite import GM_1, INTL_1, Suite, suite_for

__all__ = [
    "GM_1",
    "INTL_1",
    "SIGNATURE_DOMAIN",
    "Core",
    "EnvelopeHeader",
    "FileEntry",
    "OpenedEnvelope",
    "Policy",
    "Purpose",
    "Recipient",
    "RecipientEntry",
    "SealedEnvelope",
    "Share",
    "Sink",
    "Suite",
    "check",
    "open_envelope",
    "open_with_key",
    "read_header",
    "seal",
    "seal_bytes",
    "share_matches",
    "suite_for",
    "take_share",
]
