"""A document stays PDF/A-3u as far as can be checked without a validator, whatever is signed and stamped.

Checked of ISO 19005-3: metadata and output intent untouched (6.2.2, 6.6), an associated file with its relationship
(6.8), widgets that are printed, not hidden, and have an appearance unless they have no size (6.3), no actions (6.5),
file identifiers (6.1.3), only embedded fonts, no interpolated pictures (6.2.8). Not checked: colour in depth, tables
inside the fonts, the syntax of every object.
"""

import io
import subprocess
from pathlib import Path
from typing import Any

import document_samples
import pytest
from pdf_world import NAMES, NOW, chop
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from app.ca.device_key import DeviceKeyHolder
from app.ca.pdf_archive import Store, add_store
from app.ca.pdf_signer import PyHankoSigner
from app.session.documents import render
from app.session.documents_data import DocumentKind


@pytest.fixture(scope="module")
def grown() -> tuple[bytes, bytes]:
    """A record with fields, and the same with three signatures and a security store."""
    import asyncio

    async def make() -> tuple[bytes, bytes]:
        rendered = render(DocumentKind.OPENING_RECORD, document_samples.opening_record())
        issued = pdf = PyHankoSigner().add_fields(rendered.pdf, rendered.fields)
        for number, field in enumerate(rendered.fields[:3]):
            key = DeviceKeyHolder.create(NAMES[number])
            pdf = await PyHankoSigner().sign(
                pdf, field.name, key, chop(NAMES[number]), name=NAMES[number], reason="签署", at=NOW,
                certify=number == 0,
            )  # fmt: skip
        return issued, add_store(pdf, {rendered.fields[0].name: Store((key.signing_certificate,))})

    return asyncio.run(make())


def test_what_makes_it_pdf_a_is_there_and_untouched(grown: tuple[bytes, bytes]) -> None:
    issued, signed = (PdfFileReader(io.BytesIO(pdf)) for pdf in grown)
    xmp = signed.root["/Metadata"].data
    assert b"<pdfaid:part>3</pdfaid:part>" in xmp
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in xmp
    assert xmp == issued.root["/Metadata"].data
    intent = signed.root["/OutputIntents"][0]
    assert (intent["/S"], len(intent["/DestOutputProfile"].data) > 100) == ("/GTS_PDFA1", True)
    attached = signed.root["/AF"][0]
    assert (attached["/AFRelationship"], attached["/F"]) == ("/Data", "data.json")
    assert len(signed.trailer["/ID"]) == 2
    assert signed.root["/AcroForm"]["/SigFlags"] == 3
    assert "/NeedAppearances" not in signed.root["/AcroForm"]


def test_every_widget_is_printed_and_has_an_appearance(grown: tuple[bytes, bytes]) -> None:
    for pdf in grown:
        fields = PdfFileReader(io.BytesIO(pdf)).root["/AcroForm"]["/Fields"]
        for place in range(len(fields)):
            widget = fields[place]
            flags = int(widget["/F"])
            assert flags & 4, "printed"
            assert not flags & (1 | 2 | 32), "visible"
            assert set(widget["/AP"]) == {"/N"}
            assert not {"/A", "/AA"} & set(widget)


def test_every_font_is_embedded_and_no_picture_is_interpolated(grown: tuple[bytes, bytes], tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(grown[1])
    said = subprocess.run(["pdffonts", path], capture_output=True, text=True, timeout=60).stdout.splitlines()[2:]
    assert said
    assert {tuple(line.split()[-5:-3]) for line in said} <= {("yes", "yes"), ("yes", "no")}
    about = subprocess.run(["pdfinfo", path], capture_output=True, text=True, timeout=60)
    assert about.returncode == 0
    assert not about.stderr
    objects = list(every_object(grown[1]))
    pictures = [one for one in objects if one.get("/Subtype") == "/Image"]
    assert pictures
    assert not any(one.get("/Interpolate") for one in pictures)
    assert not any(filters == "/LZWDecode" for one in objects for filters in [one.get("/Filter")])


def every_object(pdf: bytes) -> Any:
    reader = PdfFileReader(io.BytesIO(pdf))
    for reference in reader.xrefs.explicit_refs_in_revision(reader.xrefs.total_revisions - 1) | {
        one for number in range(reader.xrefs.total_revisions) for one in reader.xrefs.explicit_refs_in_revision(number)
    }:
        found = reference.get_object()
        if isinstance(found, generic.DictionaryObject):
            yield found
