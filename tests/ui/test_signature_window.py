"""A signed PDF and what its signatures are worth, in words; every verdict has its sentence in both languages."""

import asyncio
from pathlib import Path

import pytest
from national import NationalPki
from pdf_world import NAMES, NOW, HeldKey, sign_all, with_fields
from seal_maker import SealWorld, packed, signed_files

from app.ca.pdf_verifier import DocumentVerdict, Level, verify
from app.ca.trust import Part, Status, TrustList
from app.clock import ManualClock
from app.rehearsal.demo_pki import DemoPerson, DemoPki
from app.ui.async_bridge import AsyncBridge
from app.ui.documents.signature_window import SignatureWindow
from app.ui.documents.signature_words import level_words, overall, part_words, signature_lines
from app.ui.i18n import Language, set_language
from app.ui.widgets.card import Card

CODES = frozenset(
    [
        "signature.ok",
        "identity.ok",
        "identity.bound_by_record",
        "time.stamped",
        "time.document_stamped",
        "pdf.unsigned",
        "pdf.unreadable",
        "pdf.not_flat",
        "pdf.too_large",
        "pdf.changed",
        "pdf.field_added",
        "pdf.not_certified",
        "pdf.not_covered",
        "signature.subfilter",
        "signature.algorithm",
        "signature.coverage",
        "signature.contents",
        "signature.content_changed",
        "signature.invalid",
        "signature.unreadable",
        "certificate.unreadable",
        "time.unreadable",
        "time.stamp_invalid",
        "time.stamp_of_another",
        "time.stamp_algorithm",
        "time.not_an_authority",
        "time.stamp_unreadable",
        "time.claim_differs",
        "time.in_future",
        "time.claimed_only",
        "chain.no_roots",
        "chain.no_path",
        "chain.not_a_ca",
        "chain.unknown_critical_extension",
        "validity.expired",
        "validity.not_yet",
        "usage.wrong",
        "revocation.no_crl",
        "revocation.stale",
        "revocation.revoked",
        "revocation.no_path",
        "certificate.suite_unsupported",
        "ses.refused",
        "ses.version",
        "ses.seal_changed",
        "ses.seal_not_yet",
        "ses.seal_expired",
        "ses.not_in_seal",
        "ses.stamp_unsupported",
        "sm2.unavailable",
        "ofd.unreadable",
        "ofd.too_large",
        "ofd.bad_name",
        "ofd.missing",
        "ofd.unsigned",
        "ofd.not_covered",
        "ofd.other_seal",
        "ofd.other_kind",
    ]
)


@pytest.mark.parametrize("spoken", list(Language))
def test_every_verdict_has_its_own_sentence(spoken: Language) -> None:
    set_language(spoken)
    try:
        said = {code: part_words(Part(Status.FAILED, code)) for code in CODES}
        unknown = part_words(Part(Status.FAILED, "nonsense.code"))
        assert [code for code, words in said.items() if code in words or words == unknown] == []
        assert all(level_words(level) not in ("", level.value) for level in Level if level)
    finally:
        set_language(Language.CHINESE)


async def test_the_whole_is_as_good_as_its_worst_line(tmp_path: Path) -> None:
    pki = DemoPki.create(tmp_path, NOW)
    keys = [HeldKey(pki.issue(DemoPerson(name, algorithm="ec"))[0], (pki.intermediate,)) for name in NAMES[:2]]
    signed = (await sign_all(keys))[-1]
    trust = TrustList([pki.root], [pki.crl_file.read_bytes()], demo=True)
    outcomes = [
        overall(verdict)[0]
        for verdict in (
            verify(signed, trust, NOW),
            verify(signed, TrustList([]), NOW),
            verify(signed + b"x", trust, NOW),
            verify(with_fields(), trust, NOW),
            verify(b"", trust, NOW),
            DocumentVerdict(Part(Status.PASSED, "pdf.ok")),
        )
    ]
    passed, unsure, failed = Status.PASSED, Status.COULD_NOT_TELL, Status.FAILED
    assert outcomes == [passed, unsure, failed, unsure, failed, passed]
    names = [line.name for line in signature_lines(verify(signed, trust, NOW).signatures[0])]
    assert names == ["完整性", "身份", "时间"]


def test_the_window_says_the_same_of_an_ofd(run) -> None:  # type: ignore[no-untyped-def]
    pki = NationalPki(at=NOW)
    trust = TrustList([pki.root], pki.crls(), [pki.ca])

    async def main() -> tuple[list[BaseException], str, bool]:
        met: list[BaseException] = []
        bridge = AsyncBridge(met.append)
        window = SignatureWindow(bridge, ManualClock(NOW))
        window.show()
        await window.show_file(packed(signed_files(SealWorld(pki), 2)), "x.ofd", trust)
        found = window._said.text(), window.viewer.isVisible()
        assert len(window.findChildren(Card)) == 3
        window.close()
        await bridge.close()
        return met, *found

    assert run(main()) == ([], "全部签名有效，签署后内容未被改动。", False)


def test_the_window_shows_a_card_for_each_signature(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pki = DemoPki.create(tmp_path, NOW)
    keys = [HeldKey(pki.issue(DemoPerson(name, algorithm="ec"))[0], (pki.intermediate,)) for name in NAMES[:2]]

    async def main() -> tuple[list[BaseException], int, str]:
        met: list[BaseException] = []
        bridge = AsyncBridge(met.append)
        signed = (await sign_all(keys))[-1]
        window = SignatureWindow(bridge, ManualClock(NOW))
        opened: list[int] = []
        window.viewer.shown.connect(opened.append)
        window.show()
        await window.show_file(signed, "x.pdf", TrustList([pki.root], [pki.crl_file.read_bytes()], demo=True))
        while not opened:
            await asyncio.sleep(0.01)
        found = len(window.findChildren(Card)), window._said.text()
        window.close()
        await bridge.close()
        return met, *found

    assert run(main()) == ([], 3, "全部签名有效，签署后内容未被改动。")
