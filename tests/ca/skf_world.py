"""National tokens in software: folders that ``skf_module.c`` takes for devices, with keys of the test CA."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from national import NationalHolder

from app.ca import sm2

SOURCE = Path(__file__).with_name("skf_module.c")
_PKCS8 = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")  # RFC 5958, RFC 5915


def build(into: Path) -> Path:
    """Compile the module; skips the test where that is not possible."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform == "win32":
        pytest.skip("no C compiler: the SKF module was not built, 0 of its tests ran")
    if not Path("/usr/include/openssl/evp.h").exists():
        pytest.skip("no OpenSSL headers (libssl-dev): the SKF module was not built, 0 of its tests ran")
    built = into / "skf.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(built), str(SOURCE), "-lcrypto"]
    subprocess.run(command, check=True)
    return built


def sm2_pem(key: sm2.PrivateKey) -> bytes:
    """PKCS#8 of an SM2 key, as OpenSSL reads it."""
    return bytes(pem.armor("PRIVATE KEY", _PKCS8 + key.scalar() + bytes.fromhex("a144034200") + key.public_point))


def rsa_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Device:
    """One device; ``folder`` moved away is a device pulled out."""

    def __init__(self, folder: Path, serial: str, label: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "serial").write_text(serial)
        (folder / "label").write_text(label)
        (folder / "plugged").write_text("1")

    def application(self, name: str, pin: str, tries: int = 3) -> Path:
        folder = self.folder / name
        folder.mkdir()
        for file, text in (("pin", pin), ("left", str(tries)), ("max", str(tries))):
            (folder / file).write_text(text)
        return folder


def national_container(application: Path, name: str, holder: NationalHolder) -> None:
    """SM2 keys for signing and encryption with their certificates."""
    folder = application / name
    folder.mkdir()
    (folder / "sign.pem").write_bytes(sm2_pem(holder.signing_key))
    (folder / "sign.der").write_bytes(holder.signing_certificate)
    (folder / "encrypt.pem").write_bytes(sm2_pem(holder.encryption_key))
    (folder / "encrypt.der").write_bytes(holder.encryption_certificate)


class Sticks:
    """The devices at one machine, and the orders to their module."""

    def __init__(self, module: Path, folder: Path) -> None:
        self.module, self.devices, self.orders = str(module), folder / "devices", folder / "orders"
        self.orders.mkdir(parents=True)
        self.env = {"SKF_DEVICES": str(self.devices), "SKF_ORDERS": str(self.orders)}

    def plug(self, name: str, serial: str, label: str) -> Device:
        return Device(self.devices / name, serial, label)

    def pull(self, name: str) -> None:
        (self.devices / name).rename(self.orders / f"drawer-{name}")

    def put_back(self, name: str) -> None:
        (self.orders / f"drawer-{name}").rename(self.devices / name)

    def replug(self, name: str) -> None:
        """Pulled out and put back while nobody looked."""
        count = self.devices / name / "plugged"
        count.write_text(str(int(count.read_text()) + 1))

    def order(self, name: str, content: str = "") -> None:
        (self.orders / name).write_text(content)

    def withdraw(self, name: str) -> None:
        (self.orders / name).unlink()
