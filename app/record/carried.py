"""The revocation evidence (吊销证据) that an archive carries; whether it counts, its own signatures say."""

from app.ca.trust import TrustList
from app.errors import InputError
from app.record.archive_reader import ArchiveReader


def with_carried(trust: TrustList, archive: ArchiveReader) -> TrustList:
    """``trust`` with the revocation lists and OCSP answers inside; an unreadable one leaves the revocation untold."""
    crls: list[bytes] = []
    answers: list[bytes] = []
    for name in archive.members:
        kind = {"crl": crls, "ocsp": answers}.get(name.rpartition(".")[2])
        if kind is None or not name.startswith("certificates/"):
            continue
        try:
            content = archive.read(name)
            trust.with_evidence(*(([content], []) if kind is crls else ([], [content])))
        except InputError:
            continue  # and the container's step names it if it is not what was archived
        kind.append(content)
    return trust.with_evidence(crls, answers)
