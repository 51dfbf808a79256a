import io
import zipfile
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from national import NationalPki, new_key
from seal_maker import NS, PAGES, SealWorld, list_xml, octets, packed, root_xml, signature_xml, signed_files

from app.ca import ofd
from app.ca.ofd_package import Package, resolve
from app.ca.trust import Status, TrustList
from app.errors import InputError

PAGE = "Doc_0/Pages/Page_0/Content.xml"
LIST = "Doc_0/Signs/Signatures.xml"
SIGN = "Doc_0/Signs/Sign_0"


@cache
def world() -> SealWorld:
    return SealWorld(NationalPki())


@cache
def trust() -> TrustList:
    return TrustList([world().pki.root], world().pki.crls(), [world().pki.ca])


def judged(files: dict[str, bytes] | bytes) -> ofd.OfdVerdict:
    return ofd.verify(files if isinstance(files, bytes) else packed(files), trust(), world().at)


def files(signers: int = 1) -> dict[str, bytes]:
    return dict(_signed(signers))


@cache
def _signed(signers: int) -> dict[str, bytes]:
    return signed_files(world(), signers)


def integrity(changed: dict[str, bytes]) -> tuple[str, str]:
    """What is said first: of the document, else of its first signature."""
    verdict = judged(changed)
    assert not verdict.intact
    part = verdict.document if verdict.document.status is not Status.PASSED else verdict.signatures[0].integrity
    return part.code, part.about


def test_a_document_with_a_seal_holds() -> None:
    verdict = judged(files())
    assert verdict.intact
    (one,) = verdict.signatures
    assert (one.place, one.holder, one.seal_name) == (f"{SIGN}/Signature.xml", "甲公司", "甲公司公章")
    assert (one.integrity.code, one.identity.code, one.time.code) == (
        "signature.ok",
        "identity.ok",
        "time.claimed_only",
    )
    assert one.claimed_time == world().at


def test_several_signatures_hold_and_fail_each_for_itself() -> None:
    assert [one.integrity.status for one in judged(files(3)).signatures] == [Status.PASSED] * 3
    changed = files(3)
    changed[f"{SIGN}/Seal.esl"] = world().seal(
        info_changes={"es_id": b"\x16\x012"}
    )  # the first's, covered by the others
    found = [one.integrity.code for one in judged(changed).signatures]
    assert found == ["ofd.other_seal", "signature.content_changed", "signature.content_changed"]


def resigned(xml: bytes) -> dict[str, bytes]:
    """The document with another list of files, well signed."""
    made = files()
    made[f"{SIGN}/Signature.xml"] = xml
    made[f"{SIGN}/SignedValue.dat"] = world().signature(xml, world().to_sign(xml, made[f"{SIGN}/Seal.esl"]))
    return made


def covered() -> dict[str, bytes]:
    return {"OFD.xml": root_xml()} | PAGES


def without(name: str) -> dict[str, bytes]:
    made = files()
    del made[name]
    return made


def decoy() -> dict[str, bytes]:
    """A page that the list leaves out, passed off as the value of a second signature."""
    kept = covered()
    del kept[PAGE]
    made = resigned(signature_xml(kept))
    made["Doc_0/Signs/Sign_1/Signature.xml"] = signature_xml({}).replace(b"SignedValue.dat", f"/{PAGE}".encode())
    made["Doc_0/Signs/Sign_1/Seal.esl"] = made[f"{SIGN}/Seal.esl"]
    made[LIST] = list_xml("Sign_0/Signature.xml", "Sign_1/Signature.xml")
    return made


def nested() -> bytes:
    depth = b"<x>" * 100 + b"</x>" * 100
    return list_xml("Sign_0/Signature.xml").replace(b"<ofd:MaxSignId>", depth + b"<ofd:MaxSignId>")


ATTACKS: dict[str, tuple[Callable[[], dict[str, bytes]], tuple[str, str]]] = {
    "a page changed": (lambda: files() | {PAGE: b"<Page>price 1</Page>"}, ("signature.content_changed", PAGE)),
    "a page removed": (lambda: without(PAGE), ("ofd.missing", PAGE)),
    "a file added": (lambda: files() | {"Doc_0/Annots/a.xml": b"<x/>"}, ("ofd.not_covered", "Doc_0/Annots/a.xml")),
    "another root": (
        lambda: files() | {"OFD.xml": root_xml().replace(b"Doc_0/Document", b"Doc_1/Document")},
        ("signature.content_changed", "OFD.xml"),
    ),
    "the root not covered": (lambda: resigned(signature_xml(PAGES)), ("ofd.not_covered", "OFD.xml")),
    "a page as another's value": (decoy, ("ofd.not_covered", "Doc_0/Pages/Page_0/Content.xml")),
    "the list changed": (
        lambda: files() | {f"{SIGN}/Signature.xml": signature_xml(covered() | {PAGE: b"x"}), PAGE: b"x"},
        ("signature.content_changed", "甲公司"),
    ),
    "a value of nonsense": (lambda: files() | {f"{SIGN}/SignedValue.dat": b"\x30\x00"}, ("ses.refused", "der")),
    "no value": (lambda: without(f"{SIGN}/SignedValue.dat"), ("ofd.missing", "")),
    "no seal": (lambda: without(f"{SIGN}/Seal.esl"), ("ofd.missing", "")),
    "another seal shown": (
        lambda: files() | {f"{SIGN}/Seal.esl": octets(b"").replace(b"\x04", b"\x30")},
        ("ofd.other_seal", f"{SIGN}/Seal.esl"),
    ),
    "a weak digest": (lambda: resigned(signature_xml(covered(), check="MD5")), ("signature.algorithm", "MD5")),
    "another method": (lambda: resigned(signature_xml(covered(), method="1.2.3")), ("signature.algorithm", "1.2.3")),
    "a file listed twice": (
        lambda: resigned(signature_xml(covered() | {"./OFD.xml": root_xml()})),
        ("ofd.unreadable", ""),
    ),
    "a listed file outside": (
        lambda: resigned(signature_xml(covered(), more='<ofd:Reference FileRef="/../etc/passwd"/>')),
        ("ofd.bad_name", "/../etc/passwd"),
    ),
    "no signature": (lambda: files() | {LIST: list_xml()}, ("ofd.unsigned", "")),
    "no list": (lambda: {"OFD.xml": root_xml("")} | PAGES, ("ofd.unsigned", "")),
    "no root": (lambda: without("OFD.xml"), ("ofd.missing", "OFD.xml")),
    "one signature named twice": (
        lambda: files() | {LIST: list_xml("Sign_0/Signature.xml", "./Sign_0/Signature.xml")},
        ("ofd.unreadable", ""),
    ),
    "entities": (
        lambda: files() | {LIST: b'<!DOCTYPE x [<!ENTITY a "b">]>' + list_xml("Sign_0/Signature.xml")},
        ("ofd.unreadable", ""),
    ),
    "deep nesting": (lambda: files() | {LIST: nested()}, ("ofd.unreadable", "")),
    "a foreign namespace": (
        lambda: files() | {"OFD.xml": root_xml().replace(NS.encode(), b'xmlns:ofd="http://example.org"')},
        ("ofd.unreadable", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_said(attack: str) -> None:
    make, expected = ATTACKS[attack]
    assert integrity(make()) == expected


def test_another_kind_of_signature_is_not_judged() -> None:
    """And gives no cover to what it calls its own."""
    verdict = judged(files() | {LIST: list_xml("Sign_0/Signature.xml", kind="Sign")})
    assert [one.integrity.code for one in verdict.signatures] == ["ofd.other_kind"]
    assert not verdict.intact


def test_a_stranger_s_seal_is_intact_and_not_believed() -> None:
    verdict = ofd.verify(packed(files()), TrustList([NationalPki().root]), world().at)
    assert verdict.intact
    assert verdict.signatures[0].identity.code == "chain.no_path"


def test_a_signature_moved_to_another_document_fails() -> None:
    """The list of files has digests, so nothing of another document fits."""
    other = signature_xml(covered() | {PAGE: b"<Page>other</Page>"})
    made = files() | {f"{SIGN}/Signature.xml": other, f"{SIGN}/SignedValue.dat": world().signature(other)}
    assert integrity(made) == ("signature.content_changed", PAGE)


def read_all(data: bytes) -> None:
    package = Package(data)
    for name in package.names:
        package.read(name)


def refused(data: bytes) -> str:
    assert judged(data).document.status is Status.FAILED
    with pytest.raises(InputError) as caught:
        read_all(data)
    return caught.value.code


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a/../b", "a//b", "C:/a", "a\\b", "./a", "a/", "a\u202eb", "a ", "x" * 300]
)
def test_names_that_mean_something_elsewhere_are_refused(name: str) -> None:
    if name.endswith("/"):
        assert Package(packed({name: b"", "b": b""})).names == ("b",)
        name = "a//"
    assert refused(packed({name: b"x"})) == "ofd.bad_name"


def test_two_names_that_are_one_somewhere_are_refused() -> None:
    assert refused(packed({"OFD.xml": b"x", "ofd.XML": b"y"})) == "ofd.bad_name"
    assert refused(packed({"aa": b"1", "ab": b"2"}).replace(b"ab", b"aa")) == "ofd.bad_name"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(packed({"bomb": bytes(4 << 20)})) == "ofd.too_large"
    monkeypatch.setattr("app.ca.ofd_package.MAX_MEMBERS", 2)
    assert refused(packed({"a": b"", "b": b"", "c": b""})) == "ofd.too_large"
    monkeypatch.setattr("app.ca.ofd_package.MAX_UNPACKED", 3)
    assert refused(packed({"a": b"12", "b": b"34"})) == "ofd.too_large"
    monkeypatch.setattr("app.ca.ofd_package.MAX_FILE", 3)
    assert refused(b"1234") == "ofd.too_large"


def test_what_a_zip_says_of_itself_is_not_believed() -> None:
    data = packed({"a": b"0123456789" * 20})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("a", b"x")
    link = zipfile.ZipInfo("a")
    link.external_attr = 0o120777 << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as file:
        file.writestr(link, b"/etc/passwd")
    size = (200).to_bytes(4, "little")
    for changed, code in (
        (data.replace(size, (100).to_bytes(4, "little")), "ofd.unreadable"),
        (out.getvalue(), "ofd.unreadable"),
        (linked.getvalue(), "ofd.bad_name"),
        (data[:-10], "ofd.unreadable"),
        (b"", "ofd.unreadable"),
    ):
        assert refused(changed) == code


def test_places_are_of_the_package() -> None:
    assert resolve("/a/b", "x/y") == "a/b"
    assert resolve("../b", "x/y/z") == "x/b"
    for bad in ("../../b", "", "a\\b", "http://a"):
        with pytest.raises(InputError, match=r"ofd\.bad_name"):
            resolve(bad, "x/y")


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_mutations_never_crash_and_never_pass(data: st.DataObject) -> None:
    """In the files, and in the zip around them."""
    made = files(2)
    name = data.draw(st.sampled_from(sorted(made)))
    place = data.draw(st.integers(0, len(made[name])))
    piece = data.draw(st.binary(min_size=1, max_size=6))
    cut = data.draw(st.integers(0, 6))
    changed = made | {name: made[name][:place] + piece + made[name][place + cut :]}
    verdict = judged(changed)
    if name != LIST and changed[name] != made[name]:
        assert not verdict.intact
    blob = packed(made)
    place = data.draw(st.integers(0, len(blob) - 1))
    judged(blob[:place] + piece + blob[place + cut :])


def test_another_key_does_not_help() -> None:
    w = world()
    xml = files()[f"{SIGN}/Signature.xml"]
    to_sign = w.to_sign(xml, files()[f"{SIGN}/Seal.esl"])
    forged = w.signature(xml, to_sign, signature=new_key("stranger").sign(to_sign))
    assert integrity(files() | {f"{SIGN}/SignedValue.dat": forged}) == ("signature.invalid", "甲公司")
