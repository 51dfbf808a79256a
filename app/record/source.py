"""A case's record as the archive writer wants it: from the store and the blobs."""

from collections.abc import Iterator, Mapping, Sequence

from app.record.archive import ArchivedBlob
from app.record.blobs import BlobStore
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.store import Store


class CaseSource:
    """One case, up to the entry that was the last when this was made.

    Args:
        case_key: opens confidential files for the archive; without it they are archived sealed.
        certificates: certificates and revocation evidence by file name; only the ending is kept (``x.crl`` → ``crl``).
        rulepack: the exact bytes of the rule pack, whose digest an event names.
    """

    def __init__(
        self,
        store: Store,
        blobs: BlobStore,
        *,
        case_key: bytes | None = None,
        certificates: Mapping[str, bytes] | None = None,
        rulepack: bytes | None = None,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._case_key = case_key
        self._size = store.size
        self._certificates = dict(certificates or {})
        self._rulepack = rulepack

    @property
    def case(self) -> str:
        return self._store.case

    @property
    def rulepack(self) -> bytes | None:
        return self._rulepack

    @property
    def certificates(self) -> Mapping[str, bytes]:
        return self._certificates

    def entries(self) -> Iterator[bytes]:
        return self._store.read(0, self._size)

    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        return self._store.checkpoints()

    def cosignatures(self) -> Sequence[StoredCosignature]:
        return self._store.cosignatures()

    def stamps(self) -> Sequence[StoredStamp]:
        return self._store.stamps()

    def blob(self, sha256: str) -> ArchivedBlob | None:
        blobs = self._blobs
        if not blobs.has(sha256):
            return None
        if blobs.is_sealed(sha256) and self._case_key is None:
            return ArchivedBlob(True, blobs.sealed_size(sha256), lambda: blobs.sealed_pieces(sha256))
        return ArchivedBlob(False, blobs.size(sha256), lambda: blobs.pieces(sha256, self._case_key))
