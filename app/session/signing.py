"""Signing documents at a desk: the bytes that the person has seen, in one's turn, with one operation of the key."""

import asyncio
import hashlib

from app.ca.pdf_policy import Box
from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_stamper import TokenStamper
from app.ca.pdf_verifier import check_grown
from app.ca.seal import SealImage
from app.errors import InputError
from app.session.client import Client
from app.session.rules import commands
from app.session.rules.state import Document

PDF_LIMIT = 64 * 1024 * 1024


def pending(client: Client) -> tuple[Document, ...]:
    """The documents that wait for this person's signature, in the order in which they were issued."""
    return tuple(one for one in client.state.documents.values() if client.me in one.waiting)


async def fetch_document(client: Client, document: str) -> bytes:
    """The document as the record has it now: what a signer must have seen. The digest is checked on the way.

    Raises:
        InputError: ``refused.not_signer``, ``blob.*``.
    """
    found = client.state.documents.get(document)
    if found is None:
        raise InputError("refused.not_signer", document=document)
    return await client.files.fetch(found.pdf_sha256, PDF_LIMIT)


async def sign_document(
    client: Client, document: str, picture: SealImage, reason: str, seen: bytes, box: Box | None = None
) -> None:
    """Wait for one's turn, put the seal and the signature of one's token on the bytes, hand them in.

    Args:
        box: where the person put the seal on its page, in points; None: in the printed box.
        seen: what the person was shown. What the host then gives to sign must be these bytes, with at most others'
            signatures added; anything else is refused before the token is asked.

    Raises:
        InputError: ``pdf.other_than_seen``, ``refused.*``, ``pdf.*``, ``token.*``.
    """
    leased = await client.lease(document)
    digest = hashlib.sha256(seen).hexdigest()
    pdf = seen if leased.pdf_sha256 == digest else await client.files.fetch(leased.pdf_sha256, PDF_LIMIT)
    await asyncio.to_thread(check_grown, seen, pdf)
    found = client.state.documents[document]
    signer = PyHankoSigner(TokenStamper(client.files.stamp) if await client.files.gives_stamps() else None)
    signed = await signer.sign(
        pdf,
        found.fields[client.me],
        client.who.key,
        picture,
        name=client.state.people[client.me].name,
        reason=reason,
        at=client.host_now(),
        certify=b"/DocMDP" not in pdf,
        box=box,
    )
    digest = await client.files.upload(signed)
    await client.do(commands.SignDocument(document=document, previous_sha256=leased.pdf_sha256, pdf_sha256=digest))
