"""The container has one right byte sequence; everything else is refused with one error."""

import io
import tarfile

import pytest

from app.errors import FaultError, InputError
from app.record.container import ContainerWriter, header, member_lines, member_pieces, read_members


def _container(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = ContainerWriter(out)
    for name, data in files:
        writer.add(name, len(data), [data])
    writer.finish()
    return out.getvalue()


GOOD = _container(("a.txt", b"one"), ("b/c.txt", b""), ("b/d.bin", bytes(600)))


def _refused(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_members(io.BytesIO(data))
    return caught.value.code


def test_what_is_written_is_read() -> None:
    file = io.BytesIO(GOOD)
    found = {member.name: b"".join(member_pieces(file, member)) for member in read_members(file)}
    assert found == {"a.txt": b"one", "b/c.txt": b"", "b/d.bin": bytes(600)}


def test_any_tar_reader_opens_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(GOOD), mode="r:") as tar:
        assert tar.getnames() == ["a.txt", "b/c.txt", "b/d.bin"]
        first = tar.extractfile("a.txt")
        assert first is not None
        assert first.read() == b"one"


def test_a_flip_anywhere_but_in_a_file_is_refused() -> None:
    content = {*range(512, 515), *range(1024 + 512 + 512, 1024 + 512 + 512 + 600)}
    for position in range(len(GOOD)):
        if position in content:
            continue
        spoilt = bytearray(GOOD)
        spoilt[position] ^= 1
        assert _refused(bytes(spoilt)).startswith("container.")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD + b"\0", "container.trailing"),
        (GOOD + bytes(9 * 512), "container.trailing"),
        (GOOD + GOOD, "container.trailing"),
        (GOOD[:-1], "container.cut"),
        (GOOD[:-1024], "container.cut"),
        (b"", "container.cut"),
        (header("a", 1) + b"x" + bytes(511) + header("a", 0) + bytes(1024), "container.order"),
        (header("b", 0) + header("a", 0) + bytes(1024), "container.order"),
        (header("a", 5000) + bytes(1024), "container.cut"),
        (header("a", 1) + b"x" + b"y" * 511 + bytes(1024), "container.padding"),
    ],
)
def test_a_spoilt_form_is_refused(data: bytes, code: str) -> None:
    assert _refused(data) == code


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files(kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = kind, "b" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
        tar.addfile(info)
    assert _refused(out.getvalue()) == "container.header"


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a//b", "a/", ".a", "a b", "开标", "a\\b", "", "x" * 101])
def test_only_tame_names(name: str) -> None:
    with pytest.raises(ValueError, match="not a member"):
        header(name, 0)


def test_the_writer_keeps_its_promises() -> None:
    writer = ContainerWriter(io.BytesIO())
    with pytest.raises(FaultError, match="source_changed"):
        writer.add("a", 3, [b"four"])
    with pytest.raises(FaultError, match="source_changed"):
        writer.add("b", 3, [b"2", b"1"])
    with pytest.raises(ValueError, match="ascending"):
        writer.add("a", 0, [])


def test_lines_have_a_limit_and_an_end() -> None:
    def lines(data: bytes) -> list[bytes]:
        file = io.BytesIO(_container(("a", data)))
        return list(member_lines(file, read_members(file)[0], 5))

    assert lines(b"12345\n\nab\n") == [b"12345", b"", b"ab"]
    for bad in (b"123456\n", b"1234567", b"ok\nend"):
        with pytest.raises(InputError, match=r"archive\.line"):
            lines(bad)
