"""Who holds an SM2 token only signs what the case gives to sign: at the host, for the verifier and in the replay."""

import re
from typing import Any

from recorded_room import Archive
from world import World

from app.ca.pdf_national import SUBFILTER
from app.ca.pdf_verifier import verify
from app.ca.trust import TrustList
from app.record.verification import Verdict
from app.session import signing
from app.session.replay_documents import DocumentStep

A, B, C = SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


async def test_a_supplier_with_an_sm2_token_signs_the_opening_record(make_world: Any) -> None:
    world: World = await make_world(national=(A,))  # the others hold EC tokens
    await world.decrypting(*SUPPLIERS)
    world.play("officer", "clerk", "opener", "supervisor", *SUPPLIERS)
    state = await world.settled(lambda s: (d := s.document_of("opening_record")) is not None and not d.waiting, 60)
    record = state.document_of("opening_record")
    assert record is not None
    me = world.clients[A].me
    assert set(record.signed) == {*(world.clients[key].me for key in SUPPLIERS), "officer", "clerk"}

    pdf = await signing.fetch_document(world.clients["officer"], record.id)
    roots = [world.pki.trust_file.read_bytes(), world.national.root]
    trust = TrustList(roots, [world.pki.crl_file.read_bytes(), *world.national.crls()], demo=True)
    verdict = verify(pdf, trust, world.clock.now())
    assert verdict.intact
    assert {one.identity.code for one in verdict.signatures} == {"identity.ok"}
    (mine,) = [one for one in verdict.signatures if one.field == record.fields[me]]
    assert mine.certificate == world.keys[A].signing_certificate
    assert pdf.count(SUBFILTER.encode()) == 1

    room = world.room
    lines = list(await room.store.read())
    names = {name.decode() for line in lines for name in re.findall(rb'"pdf_sha256":"([0-9a-f]{64})"', line)}
    files = tuple(room.blobs.read(name, signing.PDF_LIMIT, room.keys.case_key) for name in names)
    finding = DocumentStep(trust).check(Archive(lines, files))  # type: ignore[arg-type]
    assert (finding.verdict, finding.problem) == (Verdict.PASSED, None)
    assert finding.facts["signatures"] == 5
