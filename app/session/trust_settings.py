"""``trust.json`` in a case's folder: who stamps the record, and how revocation is asked for."""

from pathlib import Path

import msgspec

from app.ca.timestamp_client import check_addresses
from app.errors import FaultError

FILE = "trust.json"


class TrustSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``trust.json``.

    Attributes:
        tsa: addresses of time stamping authorities, asked in this order; none: heads are not stamped.
        online: ask where certificates say; False for a host without a way out.
        revocation_required: nobody signs in while it cannot be told whether the certificate was revoked; by default
            that is recorded and the sign-in goes on.
    """

    tsa: tuple[str, ...] = ()
    online: bool = True
    revocation_required: bool = False


def write_settings(folder: Path, settings: TrustSettings) -> None:
    """Keep the settings with the case.

    Raises:
        InputError: ``time.bad_address``.
    """
    check_addresses(settings.tsa)
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(settings)) + b"\n")


def read_settings(folder: Path) -> TrustSettings:
    """The settings; the default where there are none.

    Raises:
        FaultError: ``host.trust_settings``: unreadable.
    """
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=TrustSettings)
    except FileNotFoundError:
        return TrustSettings()
    except (OSError, msgspec.DecodeError) as error:
        raise FaultError("host.trust_settings", detail=str(error)[:200]) from error
