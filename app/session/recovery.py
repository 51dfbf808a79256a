"""The paper of a supplier whose token breaks: printed when the bid is sealed, typed in when it is to be opened."""

import contextlib
import io
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import typst

from app.ca.envelope import read_header, take_share
from app.ca.keywrap import wrap
from app.ca.paper import share_from_words, words_of
from app.ca.signatures import describe
from app.ca.token import Act, KeyHolder
from app.ca.typeface import FONTS, printable
from app.clock import Clock
from app.errors import FaultError, InputError
from app.session.acts import HEADER_LIMIT, UNSIGNED, WITNESS_SECONDS, check_release, phase_index
from app.session.client import Client
from app.session.rules import commands
from app.session.signin import unbase64
from app.settings import RESOURCES

_CHINA = timedelta(hours=8)
_TEMPLATE = "recovery_share.typ"


class Page(msgspec.Struct, frozen=True):
    """What is printed; secret, not shown by ``repr``."""

    case: str
    supplier: str
    envelope: str
    header: str
    printed: str
    rehearsal: bool
    words: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Page(envelope={self.envelope!r})"


async def paper_of(envelope: Path, key: KeyHolder, clock: Clock) -> bytes:
    """The page (PDF) with one's own share of a bid just sealed; asks the token once more. For the printer only.

    Raises:
        InputError: ``envelope.not_recipient`` (no layer of one's own), ``envelope.*``, ``token.*``.
        FaultError: ``document.not_rendered``.
    """
    with open(envelope, "rb") as file:
        header = read_header(file)
    context = header.core.context
    share = await take_share(header, key, Act("print_recovery_share", {"case": context.get("case", "")}))
    if share.kind != "supplier":
        raise InputError("envelope.not_recipient", fault="opener")
    holder = describe(key.signing_certificate)
    page = Page(
        case=printable(context.get("case", "")),
        supplier=printable(holder.organisation or holder.holder),
        envelope=header.core.env_id,
        header=header.sha256,
        printed=f"{clock.now() + _CHINA:%Y-%m-%d %H:%M}",
        rehearsal=header.core.rehearsal,
        words=words_of(share),
    )
    return render_page(page)


def render_page(page: Page) -> bytes:
    """The page as PDF; FaultError ``document.not_rendered``."""
    folder = RESOURCES / "templates"
    try:
        pdf = typst.compile(
            str(folder / _TEMPLATE),
            root=str(folder),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(msgspec.to_builtins(page), ensure_ascii=False)},
        )
    except typst.TypstError as error:
        raise FaultError("document.not_rendered", kind="recovery_share") from error
    return pdf


async def release_from_paper(client: Client, words: list[str]) -> None:
    """Release the supplier's layer from the paper instead of the token's encryption key.

    The same rules hold as for the token; the act is signed by the token one signed in with, and the record says that
    the paper was used.

    Raises:
        InputError: ``release.*``, ``paper.*``, ``token.*``.
    """
    supplier = client.state.supplier_of(client.me)
    bid = client.state.bids.get(supplier)
    if bid is None:
        raise InputError("release.not_receipted")
    if not bid.recovery:
        raise InputError("release.recovery_unannounced")
    header = read_header(io.BytesIO(await client.files.header(bid.envelope_sha256, HEADER_LIMIT)))
    with contextlib.suppress(TimeoutError):
        await client.until(lambda _state: client.head[0] >= phase_index(client), WITNESS_SECONDS)
    check_release(client, bid, header)
    share = share_from_words(words, header)
    blob = await client.files.upload(wrap(share.to_bytes(), [unbase64(client.state.host_certificate)]))
    act = Act("release_supplier_key", {"case": client.link.case, "supplier": supplier})
    released = commands.ReleaseSupplierKey(
        header_sha256=bid.header_sha256,
        commitment=share.commitment(header.suite),
        share_sha256=blob,
        grave=UNSIGNED,
        recovered=True,
    )
    await client.grave(released, act)
