"""Certificates that should be believed, and the attacks on them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.ca.trust import Status, TrustList, Verdict, is_demo
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, key_usage
from tests.ca.conftest import NOW

Key = ec.EllipticCurvePrivateKey
SIGNS = key_usage(digital_signature=True)
ISSUES = key_usage(key_cert_sign=True, crl_sign=True)
DAY = timedelta(days=1)


class Maker:
    """Certificates with whatever is wrong with them; the CA itself is right."""

    def __init__(self) -> None:
        self.root_key, self.ca_key = new_key(), new_key()
        self.root = certify("root", self.root_key, "root", self.root_key, ca=True)
        self.ca = certify("ca", self.ca_key, "root", self.root_key, ca=True)

    def leaf(self, **options: Any) -> x509.Certificate:
        return certify("leaf", new_key(), "ca", self.ca_key, **options)

    def crl(self, *revoked: x509.Certificate, issuer: str = "ca", key: Key | None = None, **options: Any) -> bytes:
        made = options.get("made", NOW - DAY)
        builder = x509.CertificateRevocationListBuilder(name(issuer), made, options.get("ends", NOW + DAY))
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, options.get("at", NOW - DAY))
            builder = builder.add_revoked_certificate(entry.build())
        for extension in options.get("extensions", ()):
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(key or self.ca_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def root_crl(self) -> bytes:
        return self.crl(issuer="root", key=self.root_key)

    def judge(self, leaf: x509.Certificate, *chain: x509.Certificate, **options: Any) -> Verdict:
        trust = TrustList([der(self.root)], options.get("crls", [self.crl(), self.root_crl()]))
        helpers = [der(one) for one in chain or (self.ca,)]
        return trust.validate(der(leaf), helpers, options.get("at", NOW), options.get("usage", "sign"))


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def certify(subject: str, key: Any, issuer: str, issuer_key: Any, ca: bool = False, **options: Any) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(options.get("start", NOW - 30 * DAY))
        .not_valid_after(options.get("end", NOW + 30 * DAY))
        .add_extension(options.get("usage", ISSUES if ca else SIGNS), critical=True)
    )
    if options.get("basic", True):
        builder = builder.add_extension(x509.BasicConstraints(ca, options.get("length")), critical=True)
    for extension, critical in options.get("extensions", ()):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, options.get("digest", hashes.SHA256()))


def codes(verdict: Verdict) -> dict[str, str]:
    parts = ("chain", "validity", "usage", "revocation")
    return {part: getattr(verdict, part).code for part in parts if getattr(verdict, part).status is not Status.PASSED}


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker()


def test_all_parts_pass(maker: Maker) -> None:
    leaf = maker.leaf()
    verdict = maker.judge(leaf)
    assert verdict.status is Status.PASSED
    assert verdict.path == (der(leaf), der(maker.ca), der(maker.root))


def test_demo_certificates_pass_for_what_they_are_for(pki: DemoPki) -> None:
    trust = TrustList([pki.trust_file.read_bytes()], [pki.crl_file.read_bytes()], demo=True)
    for algorithm in ("rsa", "ec"):
        signing, encryption = (issued.certificate for issued in pki.issue(DemoPerson("张三", algorithm=algorithm)))
        assert trust.validate(signing, [pki.intermediate], NOW, "sign").status is Status.PASSED
        assert trust.validate(encryption, [pki.intermediate], NOW, "decrypt").status is Status.PASSED
        assert codes(trust.validate(signing, [pki.intermediate], NOW, "decrypt")) == {"usage": "usage.wrong"}
        assert codes(trust.validate(encryption, [pki.intermediate], NOW, "sign")) == {"usage": "usage.wrong"}


def test_without_roots_nobody_can_tell(maker: Maker) -> None:
    verdict = TrustList([]).validate(der(maker.leaf()), [der(maker.ca)], NOW, "sign")
    assert verdict.chain.status is Status.COULD_NOT_TELL
    assert codes(verdict) == {"chain": "chain.no_roots", "revocation": "revocation.no_path"}


def test_stranger_with_the_same_names_has_no_path(maker: Maker) -> None:
    stranger = Maker()
    verdict = maker.judge(stranger.leaf(), stranger.ca, stranger.root)
    assert codes(verdict) == {"chain": "chain.no_path", "revocation": "revocation.no_path"}
    assert codes(maker.judge(maker.leaf(), stranger.ca))["chain"] == "chain.no_path"


def test_a_decoy_in_the_chain_hides_no_good_path(maker: Maker) -> None:
    decoy = certify("ca", maker.ca_key, "root", maker.root_key, usage=SIGNS)  # same name and key, may not issue
    for chain in ((decoy, maker.ca), (maker.ca, decoy)):
        assert maker.judge(maker.leaf(), *chain).chain.status is Status.PASSED
    assert codes(maker.judge(maker.leaf(), decoy))["chain"] == "chain.not_a_ca"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ca": False, "usage": ISSUES},
        {"ca": True, "usage": SIGNS},
        {"ca": False, "usage": SIGNS, "basic": False},
    ],
)
def test_a_person_is_no_ca(maker: Maker, wrong: dict[str, Any]) -> None:
    key = new_key()
    person = certify("person", key, "ca", maker.ca_key, **wrong)
    forged = certify("forged", new_key(), "person", key)
    assert codes(maker.judge(forged, person, maker.ca))["chain"] == "chain.not_a_ca"


def test_path_length_is_kept(maker: Maker) -> None:
    short_key, deep_key = new_key(), new_key()
    short = certify("short", short_key, "root", maker.root_key, ca=True, length=0)
    deep = certify("deep", deep_key, "short", short_key, ca=True)
    assert maker.judge(certify("x", new_key(), "short", short_key), short).chain.status is Status.PASSED
    assert codes(maker.judge(certify("x", new_key(), "deep", deep_key), deep, short))["chain"] == "chain.not_a_ca"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"end": NOW - DAY}, "validity.expired"),
        ({"start": NOW + DAY}, "validity.not_yet"),
    ],
)
def test_dates_are_kept_by_all_in_the_path(maker: Maker, options: dict[str, Any], code: str) -> None:
    assert codes(maker.judge(maker.leaf(**options))) == {"validity": code}
    ca = certify("ca", maker.ca_key, "root", maker.root_key, ca=True, **options)
    verdict = maker.judge(maker.leaf(), ca)
    assert (verdict.validity.code, verdict.validity.about) == (code, "ca")


def test_time_is_the_moment_asked_for(maker: Maker) -> None:
    leaf = maker.leaf(end=NOW - DAY)
    assert maker.judge(leaf, at=NOW - 2 * DAY).validity.status is Status.PASSED


@pytest.mark.parametrize("where", ["leaf", "ca"])
def test_unknown_critical_extension_fails(maker: Maker, where: str) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
    narrow = x509.NameConstraints([x509.DNSName("example.org")], None)
    for extension, critical, fails in ((odd, True, True), (odd, False, False), (narrow, False, True)):
        added = {"extensions": [(extension, critical)]}
        leaf = maker.leaf(**added) if where == "leaf" else maker.leaf()
        ca = maker.ca if where == "leaf" else certify("ca", maker.ca_key, "root", maker.root_key, ca=True, **added)
        expected = {"chain": "chain.unknown_critical_extension"} if fails else {}
        assert codes(maker.judge(leaf, ca)) == expected


def test_wrong_usage(maker: Maker) -> None:
    assert codes(maker.judge(maker.leaf(usage=key_usage(key_agreement=True)))) == {"usage": "usage.wrong"}
    assert codes(maker.judge(maker.leaf(usage=key_usage(key_agreement=True)), usage="decrypt")) == {}
    # keyEncipherment is RSA's: an EC key cannot do it
    assert codes(maker.judge(maker.leaf(usage=key_usage(key_encipherment=True)), usage="decrypt")) == {
        "usage": "usage.wrong"
    }
    server = [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
    person = [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)]
    assert codes(maker.judge(maker.leaf(extensions=server))) == {"usage": "usage.wrong"}
    assert codes(maker.judge(maker.leaf(extensions=person))) == {}
    assert codes(maker.judge(maker.ca, maker.root, crls=[maker.root_crl()])) == {"usage": "usage.wrong"}


def test_weak_keys_and_hashes(maker: Maker) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    ca = certify("weak", weak, "root", maker.root_key, ca=True)
    leaf = certify("leaf", new_key(), "weak", weak)
    assert codes(maker.judge(leaf, ca))["chain"] == "chain.no_path"
    own = certify("leaf", weak, "ca", maker.ca_key)
    verdict = maker.judge(own)
    assert verdict.chain.code == "certificate.suite_unsupported"
    assert verdict.status is Status.COULD_NOT_TELL


def test_revoked_from_its_moment_on(maker: Maker) -> None:
    leaf = maker.leaf()
    crls = [maker.crl(leaf, at=NOW - 5 * DAY), maker.root_crl()]
    assert codes(maker.judge(leaf, crls=crls)) == {"revocation": "revocation.revoked"}
    assert codes(maker.judge(leaf, crls=crls, at=NOW - 6 * DAY)) == {}
    assert codes(maker.judge(maker.leaf(), crls=crls)) == {}
    fresher = [maker.crl(made=NOW), *crls]
    assert codes(maker.judge(leaf, crls=fresher)) == {"revocation": "revocation.revoked"}


def test_revoked_ca_revokes_its_people(maker: Maker) -> None:
    crls = [maker.crl(), maker.crl(maker.ca, issuer="root", key=maker.root_key)]
    verdict = maker.judge(maker.leaf(), crls=crls)
    assert (verdict.revocation.code, verdict.revocation.about) == ("revocation.revoked", "ca")


def test_lists_that_tell_nothing(maker: Maker) -> None:
    leaf, root_crl = maker.leaf(), maker.root_crl()
    forged = maker.crl(leaf, key=new_key())
    delta = maker.crl(extensions=[x509.DeltaCRLIndicator(1)])
    for crls, code in (
        ([], "revocation.no_crl"),
        ([maker.crl()], "revocation.no_crl"),  # none for the CA
        ([forged, root_crl], "revocation.no_crl"),
        ([delta, root_crl], "revocation.no_crl"),
        ([maker.crl(made=NOW - 9 * DAY, ends=NOW - DAY), root_crl], "revocation.stale"),
    ):
        verdict = maker.judge(leaf, crls=crls)
        assert (verdict.status, codes(verdict)) == (Status.COULD_NOT_TELL, {"revocation": code})


def test_a_part_of_a_list_speaks_for_its_point_only(maker: Maker) -> None:
    def point(url: str) -> list[x509.GeneralName]:
        return [x509.UniformResourceIdentifier(url)]

    def covering(url: str) -> x509.IssuingDistributionPoint:
        return x509.IssuingDistributionPoint(point(url), None, True, False, None, False, False)

    here = x509.CRLDistributionPoints([x509.DistributionPoint(point("http://ca/1.crl"), None, None, None)])
    leaf = maker.leaf(extensions=[(here, False)])
    for url, expected in (("http://ca/1.crl", {}), ("http://ca/2.crl", {"revocation": "revocation.no_crl"})):
        crls = [maker.crl(extensions=[covering(url)]), maker.root_crl()]
        assert codes(maker.judge(leaf, crls=crls)) == expected


def test_many_lookalikes_end_soon(maker: Maker) -> None:
    pool = [certify("ca", new_key(), "ca", maker.ca_key, ca=True) for _ in range(40)]
    assert maker.judge(maker.leaf(), *pool).chain.status is Status.FAILED


def test_nonsense_is_a_verdict_too(maker: Maker) -> None:
    trust = TrustList([der(maker.root)])
    for garbage in (b"", b"nonsense", bytes(100_000), der(maker.leaf())[:-3]):
        assert trust.validate(garbage, [garbage], NOW, "sign").chain.code == "certificate.unreadable"
    for bad in (b"", b"x", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"):
        with pytest.raises(InputError, match=r"trust\.unreadable"):
            TrustList([bad])
        with pytest.raises(InputError, match=r"trust\.unreadable"):
            TrustList([], [bad])


def test_test_roots_stay_in_rehearsals(pki: DemoPki, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trust\.demo_root"):
        TrustList([pki.root])
    assert TrustList([pki.root], demo=True).demo
    assert is_demo(pki.intermediate)
    assert is_demo(pki.issue(DemoPerson("x", algorithm="ec"))[0].certificate)


def test_real_and_demo_differ(maker: Maker) -> None:
    assert not is_demo(der(maker.root))
    assert isinstance(NOW, datetime)
    assert TrustList([der(maker.root), der(maker.ca)]).fingerprints == tuple(
        sorted(one.fingerprint(hashes.SHA256()).hex() for one in (maker.root, maker.ca))
    )
