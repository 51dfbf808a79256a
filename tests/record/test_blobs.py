"""Files by digest: whole or not there, and not readable without the case key where they are confidential."""

import io
import tracemalloc
from pathlib import Path

import pytest

from app.canon import sha256_hex
from app.errors import FaultError, InputError
from app.record.blobs import BlobStore

KEY = bytes(range(32))
SIZES = [0, 1, 16383, 16384, 16385, (1 << 20) + 7]


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path)


def _only(folder: Path) -> Path:
    return next(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_comes_out(blobs: BlobStore, key: bytes | None, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    found = blobs.put(io.BytesIO(data), key)
    assert (found.sha256, found.size, found.sealed) == (sha256_hex(data), size, key is not None)
    assert blobs.read(found.sha256, size, key) == data
    assert blobs.size(found.sha256) == size
    assert list(blobs.digests()) == [found.sha256]


def test_a_sealed_file_shows_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    found = blobs.put_bytes(b"total price 9800000" * 100, KEY)
    assert b"9800000" not in _only(tmp_path).read_bytes()
    with pytest.raises(InputError, match="key_needed"):
        blobs.read(found.sha256, 10_000)
    with pytest.raises(InputError, match="key_needed"):
        blobs.path(found.sha256)
    with pytest.raises(FaultError, match="damaged"):
        blobs.read(found.sha256, 10_000, bytes(32))


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("spoil", ["cut", "longer", "flipped"])
def test_damage_is_named(blobs: BlobStore, tmp_path: Path, key: bytes | None, spoil: str) -> None:
    found = blobs.put_bytes(b"content" * 5000, key)
    path = _only(tmp_path)
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "longer": data + b"x", "flipped": bytes([data[0] ^ 1]) + data[1:]}[spoil])
    with pytest.raises(FaultError, match="damaged"):
        blobs.read(found.sha256, 100_000, key)


def test_limits(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, limit=100)
    with pytest.raises(InputError, match="too_large"):
        blobs.put_bytes(bytes(101))
    with pytest.raises(InputError, match="too_large"):
        blobs.put([bytes(60), bytes(1)], limit=60)
    found = blobs.put_bytes(bytes(100))
    with pytest.raises(InputError, match="too_large"):
        blobs.read(found.sha256, 99)
    assert blobs.sweep() == 0  # what was refused is already gone


def test_the_same_file_twice_stays_as_it_was(blobs: BlobStore) -> None:
    assert blobs.put_bytes(b"bid", KEY).sealed
    assert blobs.put_bytes(b"bid").sealed
    assert len(list(blobs.digests())) == 1


def test_what_is_not_committed_is_not_there(blobs: BlobStore, tmp_path: Path) -> None:
    with blobs.writer() as writer:
        writer.write(b"half")
        assert not blobs.has(sha256_hex(b"half"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    (tmp_path / "incoming" / "crashed.part").write_bytes(b"x")
    assert blobs.sweep() == 1


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63])
def test_only_digests_are_names(blobs: BlobStore, name: str) -> None:
    with pytest.raises(InputError, match="not_a_digest"):
        blobs.has(name)
    with pytest.raises(InputError, match="missing"):
        blobs.size("0" * 64)


def test_memory_does_not_grow_with_the_file(blobs: BlobStore) -> None:
    piece = bytes(1 << 20)
    tracemalloc.start()
    found = blobs.put((piece for _ in range(40)), KEY)
    for _ in blobs.pieces(found.sha256, KEY):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 << 20
