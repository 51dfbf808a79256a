"""Seals, seal signatures and OFD files, written by hand byte by byte: nothing of the product makes them."""

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from national import DAY, NationalPki, new_key

from app.ca import sm2

SM3_OID = bytes.fromhex("06082a811ccf55018311")
SM2_WITH_SM3_OID = bytes.fromhex("06082a811ccf55018375")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def number(value: int) -> bytes:
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(data: bytes) -> bytes:
    return der(4, data)


def bits(data: bytes) -> bytes:
    return der(3, b"\0", data)


def ia5(text: str) -> bytes:
    return der(0x16, text.encode())


def moment(at: datetime) -> bytes:
    return der(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())


class SealWorld:
    """A seal's maker and a signer under one CA, and the pieces of a seal and a signature; any piece can be replaced."""

    def __init__(self, pki: NationalPki) -> None:
        self.pki = pki
        self.at = pki.at.replace(microsecond=0)
        self.maker_key, self.signer_key = new_key("seal maker"), new_key("seal signer")
        self.maker = pki.leaf("印章制作机构", key=self.maker_key)
        self.signer = pki.leaf("甲公司", "甲公司", key=self.signer_key)

    def certificates(self, *listed: bytes) -> bytes:
        return number(1) + der(0x30, *(octets(one) for one in listed))

    def digests(self, *listed: bytes, kind: str = "SM3") -> bytes:
        found = (der(0x30, der(0x13, kind.encode()), octets(sm2.sm3(one))) for one in listed)
        return number(2) + der(0x30, *found)

    def info(self, **changes: Any) -> bytes:
        at = self.at
        piece = {
            "id": ia5("ES"), "version": number(4), "vid": ia5("TEST"),
            "es_id": ia5("51000000000001"), "type": number(1), "name": der(0x0C, "甲公司公章".encode()),
            "listed": self.certificates(self.signer),
            "created": moment(at - 10 * DAY), "starts": moment(at - 10 * DAY), "ends": moment(at + 10 * DAY),
            "kind": ia5("png"), "picture": octets(PNG), "width": number(40), "height": number(40), "extensions": b"",
        } | changes  # fmt: skip
        kept = der(0x30, *(piece[one] for one in ("type", "name", "listed", "created", "starts", "ends")))
        return der(
            0x30,
            der(0x30, piece["id"], piece["version"], piece["vid"]),
            piece["es_id"],
            kept,
            der(0x30, piece["kind"], piece["picture"], piece["width"], piece["height"]),
            piece["extensions"],
        )

    def seal(self, info: bytes | None = None, **changes: Any) -> bytes:
        info = info if info is not None else self.info(**changes.pop("info_changes", {}))
        signature = changes.get("signature") or self.maker_key.sign(info)
        algorithm = changes.get("algorithm", SM2_WITH_SM3_OID)
        return der(
            0x30, info, octets(changes.get("maker", self.maker)), algorithm, bits(signature), changes.get("more", b"")
        )

    def to_sign(self, data: bytes, seal: bytes | None = None, **changes: Any) -> bytes:
        piece = {
            "version": number(4), "seal": seal or self.seal(), "time": moment(self.at),
            "hash": bits(sm2.sm3(data)), "info": ia5("/Doc_0/Signs/Sign_0/Signature.xml"), "extensions": b"",
        } | changes  # fmt: skip
        return der(0x30, *(piece[one] for one in ("version", "seal", "time", "hash", "info", "extensions")))

    def signature(self, data: bytes, to_sign: bytes | None = None, **changes: Any) -> bytes:
        to_sign = to_sign or self.to_sign(data)
        signed = changes.get("signature") or self.signer_key.sign(to_sign)
        stamp = changes.get("stamp")
        return der(
            0x30,
            to_sign,
            octets(changes.get("signer", self.signer)),
            changes.get("algorithm", SM2_WITH_SM3_OID),
            bits(signed),
            der(0xA0, bits(stamp)) if stamp is not None else b"",
        )


PAGES = {
    "Doc_0/Document.xml": b"<Document/>",
    "Doc_0/Pages/Page_0/Content.xml": b"<Page>price 1000</Page>",
    "Doc_0/Res/image.png": PNG,
}


def root_xml(signatures: str = "/Doc_0/Signs/Signatures.xml") -> bytes:
    listed = f"<ofd:Signatures>{signatures}</ofd:Signatures>" if signatures else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ofd:OFD {NS} Version="1.0" DocType="OFD"><ofd:DocBody>'
        f"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>{listed}</ofd:DocBody></ofd:OFD>"
    ).encode()


def list_xml(*places: str, kind: str = "Seal") -> bytes:
    entries = "".join(f'<ofd:Signature ID="s{n}" Type="{kind}" BaseLoc="{place}"/>' for n, place in enumerate(places))
    return f"<ofd:Signatures {NS}><ofd:MaxSignId>9</ofd:MaxSignId>{entries}</ofd:Signatures>".encode()


def signature_xml(files: Mapping[str, bytes], **changes: Any) -> bytes:
    references = "".join(
        f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>{base64.b64encode(sm2.sm3(data)).decode()}'
        "</ofd:CheckValue></ofd:Reference>"
        for name, data in files.items()
    )
    references += changes.get("more", "")
    method, check = changes.get("method", "1.2.156.10197.1.501"), changes.get("check", "1.2.156.10197.1.401")
    return (
        f"<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName='t'/>"
        f"<ofd:SignatureMethod>{method}</ofd:SignatureMethod>"
        f'<ofd:References CheckMethod="{check}">{references}</ofd:References>'
        '<ofd:StampAnnot ID="1" PageRef="1" Boundary="0 0 40 40"/>'
        "<ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
        "<ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    ).encode()


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def signed_files(world: SealWorld, signers: int = 1) -> dict[str, bytes]:
    """The files of a document with signatures by the one signer, each covering what was there before it."""
    places = [f"Sign_{n}/Signature.xml" for n in range(signers)]
    files = {"OFD.xml": root_xml()} | PAGES
    seal = world.seal()
    for n in range(signers):
        folder = f"Doc_0/Signs/Sign_{n}"
        xml = signature_xml(files)
        files[f"{folder}/Signature.xml"] = xml
        files[f"{folder}/Seal.esl"] = seal
        to_sign = world.to_sign(xml, seal, time=moment(world.at + timedelta(minutes=n)))
        files[f"{folder}/SignedValue.dat"] = world.signature(xml, to_sign)
    files["Doc_0/Signs/Signatures.xml"] = list_xml(*places)
    return files
