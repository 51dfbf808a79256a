"""The Merkle tree: against vectors of others first, then against its own definition."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.record.log import (
    EMPTY_ROOT,
    CompactTree,
    MerkleTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

_CHECKOUT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("BIDROOM_VECTORS", _CHECKOUT.parent / "shared" / "vectors")) / "merkle"


def _vectors(kind: str) -> list[Path]:
    folder = VECTORS / kind
    if not folder.is_dir():
        pytest.skip(f"transparency-dev vectors are not at {VECTORS} (BIDROOM_VECTORS)")
    return sorted(folder.rglob("*.json"))


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_inclusion_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    paths = _vectors("inclusion")
    wrong = []
    for path in paths:
        case = json.loads(path.read_text())
        proof = [_bytes(item) for item in case["proof"] or []]
        accepted = verify_inclusion(
            case["leafIdx"], case["treeSize"], _bytes(case["leafHash"]), proof, _bytes(case["root"])
        )
        if accepted == case["wantErr"]:
            wrong.append(str(path))
    with capsys.disabled():
        print(f"\ntransparency-dev inclusion vectors: {len(paths)} ran")
    assert len(paths) > 50
    assert wrong == []


def test_consistency_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    paths = _vectors("consistency")
    wrong = []
    for path in paths:
        case = json.loads(path.read_text())
        proof = [_bytes(item) for item in case["proof"] or []]
        accepted = verify_consistency(case["size1"], case["size2"], _bytes(case["root1"]), _bytes(case["root2"]), proof)
        if accepted == case["wantErr"]:
            wrong.append(path.name)
    with capsys.disabled():
        print(f"\ntransparency-dev consistency vectors: {len(paths)} ran")
    assert len(paths) > 50
    # Its equal roots are not hashes at all; we refuse whatever is not 32 bytes.
    assert wrong == ["sizes-are-equal-one-and-proof-is-empty.json"]


def _reference_root(leaves: list[bytes]) -> bytes:
    """The definition in RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(_reference_root(leaves[:split]), _reference_root(leaves[split:]))


def _tree(count: int) -> MerkleTree:
    tree = MerkleTree()
    for number in range(count):
        tree.append(b"entry %d" % number)
    return tree


def test_roots_follow_the_definition() -> None:
    tree, compact = MerkleTree(), CompactTree()
    leaves: list[bytes] = []
    assert tree.root() == compact.root() == EMPTY_ROOT
    for number in range(130):
        entry = b"entry %d" % number
        leaves.append(leaf_hash(entry))
        assert tree.append(entry) == compact.append_leaf_hash(leaf_hash(entry)) == number
        assert tree.root() == compact.root() == _reference_root(leaves)
    for size in range(131):
        assert tree.root(size) == _reference_root(leaves[:size])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_proofs_prove_their_own_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    tree = _tree(70)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index, size)
    assert verify_inclusion(index, size, tree.leaf(index), proof, tree.root(size))
    other = data.draw(st.integers(0, 69).filter(lambda number: number != index))
    assert not verify_inclusion(index, size, tree.leaf(other), proof, tree.root(size))

    old = data.draw(st.integers(0, size))
    path = tree.consistency(old, size)
    assert verify_consistency(old, size, tree.root(old), tree.root(size), path)
    assert not verify_consistency(old, size, hashlib.sha256(b"other").digest(), tree.root(size), path)


def test_a_rewritten_past_is_not_consistent() -> None:
    honest, forked = _tree(40), MerkleTree()
    for number in range(40):
        forked.append(b"entry %d" % number if number != 7 else b"another")
    assert not verify_consistency(20, 40, honest.root(20), forked.root(40), forked.consistency(20, 40))


def test_what_is_not_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MerkleTree().append_leaf_hash(b"short")
    with pytest.raises(ValueError, match="smaller"):
        _tree(3).root(4)
