"""A rewording does not touch what was issued before it: the archive names the edition, and the replay speaks it."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from recorded_room import Room, host
from test_replay_files import begun, judged, root

import app.session.rules.commands as cmd
from app.ca.pdf_signer import PyHankoSigner
from app.canon import sha256_hex
from app.errors import InputError
from app.record.verification import Verdict
from app.session import document_editions as editions
from app.session.document_data import document_for
from app.session.document_words import SEALS
from app.session.documents import render


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second edition: another word for a role, another heading on every page."""
    folder = tmp_path / "documents"
    shutil.copytree(editions.EDITIONS / "1", folder / "1")
    shutil.copytree(editions.EDITIONS / "1", folder / "2")
    words = json.loads((folder / "2" / "words.json").read_text("utf-8"))
    words["roles"]["officer"] = "开标主持人"
    (folder / "2" / "words.json").write_text(json.dumps(words, ensure_ascii=False), "utf-8")
    base = (folder / "2" / "base.typ").read_text("utf-8")
    assert "演练" in base
    (folder / "2" / "base.typ").write_text(base.replace("演练", "演示"), "utf-8")
    template = folder / "2" / "opening_record.typ"
    template.write_text(template.read_text("utf-8") + "\n新版\n", "utf-8")
    monkeypatch.setattr(editions, "EDITIONS", folder)
    monkeypatch.setattr(editions, "CURRENT", 2)


def issued(room: Room, edition: int, named: int | None = None) -> bytes:
    """An opening record worded in ``edition``, of which the record says ``named``."""
    size, head = len(room.lines), root(room.lines)
    made = document_for(
        room.state, "opening_record", "", entries=size, root=head, recorded=room.log, now=room.now, edition=edition
    )
    rendered = render(made.kind, made.document, edition)
    pdf = PyHankoSigner().add_fields(rendered.pdf, rendered.fields)
    report = cmd.ReportDocument(
        document="d1", kind="opening_record", pdf_sha256=sha256_hex(pdf), entries=size, root=head,
        fields={field.person_id: field.name for field in rendered.fields}, edition=edition if named is None else named,
    )  # fmt: skip
    host(room, report)
    return pdf


@pytest.mark.usefixtures("second")
@pytest.mark.parametrize("edition", [1, 2])
def test_each_edition_comes_out_again(edition: int) -> None:
    room = begun()
    pdf = issued(room, edition)
    finding = judged(room, pdf)
    assert (finding.verdict, finding.problem) == (Verdict.PASSED, None)
    assert finding.facts["pages_again"] == 1


@pytest.mark.usefixtures("second")
def test_the_words_of_one_edition_are_not_those_of_another() -> None:
    room = begun()
    finding = judged(room, issued(room, 1, named=2))
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "document.data_differs")


def test_a_later_programs_edition_cannot_be_told() -> None:
    room = begun()
    finding = judged(room, issued(room, 1, named=99))
    assert (finding.verdict, finding.problem) == (Verdict.COULD_NOT_TELL, "document.edition_unknown")


@pytest.mark.usefixtures("second")
def test_sentences_in_the_code_have_their_edition_too() -> None:
    said: list[Any] = []
    for edition in (1, 2):
        with editions.worded(edition):
            said.append(editions.since(2, "新说法", "旧说法"))
    assert said == ["旧说法", "新说法"]
    with pytest.raises(InputError, match="edition_unknown"), editions.worded(3):
        pass


def test_an_entry_without_an_edition_is_of_the_first() -> None:
    old = cmd.ReportDocument(document="d", kind="k", pdf_sha256="", fields={}, entries=0, root="")
    assert old.edition == 1
    assert len(SEALS) == 5
    assert msgspec.structs.asdict(old)["edition"] == 1
