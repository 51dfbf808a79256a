"""SoftHSM tokens for rehearsals: each in a folder of its own, filled by one child process.

The parent never loads the PKCS#11 module: a process that has loaded it cannot start over with another configuration.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import app
from app.ca.modules import find_modules
from app.errors import FaultError

_SO_PIN = "rehearsal-so-pin"
_TIMEOUT = 120.0


class TokenKey(msgspec.Struct, frozen=True):
    """A private key and its certificate, to be put on a token under one key id.

    Attributes:
        private_key: PKCS#8 DER.
        certificate: DER.
        encrypts: for decryption or key agreement; else for signing.
        asks_each_time: the token wants the PIN for every use (CKA_ALWAYS_AUTHENTICATE).
    """

    key_id: bytes
    private_key: bytes
    certificate: bytes
    encrypts: bool
    asks_each_time: bool = False

    def __repr__(self) -> str:
        return f"TokenKey(key_id={self.key_id.hex()})"


class TokenOrder(msgspec.Struct, frozen=True):
    """One token to be made.

    Attributes:
        folder: new or empty folder for its configuration and files.
        label: token label, at most 32 bytes of UTF-8.
        pin: user PIN.
        keys: what to put on it.
        chain: DER of CA certificates to put on it.
    """

    folder: str
    label: str
    pin: str
    keys: tuple[TokenKey, ...]
    chain: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"TokenOrder(label={self.label!r})"


def configuration(folder: Path) -> Path:
    """Where the SoftHSM configuration of a token in ``folder`` lies: the value of SOFTHSM2_CONF."""
    return folder / "softhsm2.conf"


def softhsm_module() -> str:
    """Path of the SoftHSM module on this machine.

    Raises:
        FaultError: ``soft_token.no_softhsm``.
    """
    for module in find_modules():
        if "softhsm" in Path(module).name:
            return module
    raise FaultError("soft_token.no_softhsm")


def make_tokens(orders: Sequence[TokenOrder], module: str) -> None:
    """Make and fill the tokens.

    Raises:
        FaultError: ``soft_token.failed`` with the kind of error, e.g. when SoftHSM is not installed.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(app.__file__).parent.parent)}
    question = msgspec.msgpack.encode((module, list(orders)))
    command = [sys.executable, "-m", "app.rehearsal.soft_token"]
    try:
        done = subprocess.run(
            command, input=question, capture_output=True, env=environment, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FaultError("soft_token.failed", error=type(error).__name__) from None
    if done.returncode != 0:
        raise FaultError("soft_token.failed", error=done.stderr.decode(errors="replace")[-300:].strip())


def main() -> None:
    """The child: reads orders from standard input; exits with 1 and one line on standard error when it fails."""
    module, orders = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[str, list[TokenOrder]])
    try:
        for order in orders:
            _make(module, order)
    except Exception as error:  # a traceback could show a PIN
        sys.exit(f"{type(error).__name__}: {error}")


def _make(module: str, order: TokenOrder) -> None:
    import pkcs11

    folder = Path(order.folder)
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    configuration(folder).write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
        encoding="utf-8",
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration(folder))
    initialise = ["softhsm2-util", "--init-token", "--free", "--label", order.label, "--so-pin", _SO_PIN]
    done = subprocess.run([*initialise, "--pin", order.pin], capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("softhsm2-util")
    library = pkcs11.lib(module)
    library.reinitialize()
    session = library.get_token(token_label=order.label).open(rw=True, user_pin=order.pin)
    for key in order.keys:
        session.create_object(_private_key(key))
        session.create_object(_certificate(key.certificate, key.key_id))
    for certificate in order.chain:
        session.create_object(_certificate(certificate, b""))
    session.close()


def _private_key(key: TokenKey) -> dict[Any, Any]:
    from asn1crypto.keys import PrivateKeyInfo
    from pkcs11 import Attribute, KeyType
    from pkcs11.util.ec import decode_ec_private_key
    from pkcs11.util.rsa import decode_rsa_private_key

    info = PrivateKeyInfo.load(key.private_key)
    if info.algorithm == "rsa":
        attributes = decode_rsa_private_key(info["private_key"].parsed.dump())
    else:
        inner = info["private_key"].parsed.copy()
        inner["parameters"] = info["private_key_algorithm"]["parameters"]
        attributes = decode_ec_private_key(inner.dump())
    is_rsa = attributes[Attribute.KEY_TYPE] is KeyType.RSA
    attributes.update(
        {
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.ID: key.key_id,
            Attribute.ALWAYS_AUTHENTICATE: key.asks_each_time,
            Attribute.SIGN: not key.encrypts,
            Attribute.DECRYPT: key.encrypts and is_rsa,
            Attribute.UNWRAP: key.encrypts and is_rsa,
            Attribute.DERIVE: key.encrypts and not is_rsa,  # SoftHSM's own import leaves it out, and ECDH then fails
        }
    )
    return attributes


def _certificate(der: bytes, key_id: bytes) -> dict[Any, Any]:
    from pkcs11 import Attribute
    from pkcs11.util.x509 import decode_x509_certificate

    return {**decode_x509_certificate(der), Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.ID: key_id}


if __name__ == "__main__":
    main()
