"""``bidroom signature check`` says the three lines of every signature, for PDF and OFD, and its exit status."""

import json
from pathlib import Path

import pytest
from national import NationalPki, certificate_pem, crl_pem
from pdf_world import NAMES, NOW, sign_one, with_fields
from seal_maker import SealWorld, packed, signed_files

from app.cli import run


@pytest.fixture(scope="module")
def pki() -> NationalPki:
    return NationalPki(at=NOW)


@pytest.fixture
def trusted(pki: NationalPki, tmp_path: Path) -> list[str]:
    (tmp_path / "trust.pem").write_bytes(certificate_pem(pki.root) + certificate_pem(pki.ca))
    (tmp_path / "crls.pem").write_bytes(b"".join(crl_pem(crl) for crl in pki.crls()))
    return ["--trust", str(tmp_path / "trust.pem"), "--crl", str(tmp_path / "crls.pem")]


def check(path: Path, *arguments: str) -> int:
    return run(["signature", "check", str(path), *arguments])


def test_an_ofd_s_seal_in_words(
    pki: NationalPki, trusted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notice.ofd"
    files = signed_files(SealWorld(pki))
    path.write_bytes(packed(files))
    assert check(path, *trusted) == 2  # all well, but no time stamp proves when
    said = capsys.readouterr().out
    assert "甲公司公章" in said
    assert said.count("\n") == 5
    assert check(path) == 2  # trusting nobody
    assert check(path, "--json", *trusted) == 2
    capsys.readouterr()
    path.write_bytes(packed(files | {"extra.xml": b"<x/>"}))
    assert check(path, *trusted, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["signatures"][0]["integrity"]["code"]) == ("failed", "ofd.not_covered")
    assert check(path, *trusted) == 1
    assert "extra.xml" in capsys.readouterr().out


async def signed_pdf(pki: NationalPki) -> bytes:
    return await sign_one(with_fields(), 0, pki.holder(NAMES[0]))


async def test_a_pdf_likewise(
    pki: NationalPki, trusted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "record.pdf"
    pdf = await signed_pdf(pki)
    path.write_bytes(pdf)
    assert check(path, *trusted) == 2
    assert NAMES[0] in capsys.readouterr().out
    path.write_bytes(pdf.replace(b"Bidroom.GBT", b"Bidroom.GBX"))
    assert check(path, *trusted) == 1


def test_other_files_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.txt"
    assert check(path) == 2
    assert "file.not_read" in capsys.readouterr().err
    path.write_bytes(b"hello")
    assert check(path) == 2
    assert "signature.unknown_file" in capsys.readouterr().err
