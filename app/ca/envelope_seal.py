"""Sealing: encrypt in one pass over the files, sign what is inside, write the header last."""

import asyncio
import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import msgspec

from app.ca.envelope_header import Purpose, frame_header
from app.ca.envelope_manifest import SIGNATURE_DOMAIN, SignedManifest, pack
from app.ca.envelope_plan import Plan, Recipient, Terms, make_plan
from app.ca.envelope_shares import stream_key
from app.ca.signatures import verify_signature
from app.ca.streams import Digest, Meter, encrypt_stream
from app.ca.suite import INTL_1, Suite
from app.ca.token import Act, KeyHolder
from app.canon import sha256_hex
from app.errors import FaultError, InputError

_Result = TypeVar("_Result")
_Source = Callable[[], AbstractContextManager[BinaryIO]]


class SealedEnvelope(msgspec.Struct, frozen=True):
    """What sealing leaves: the header's SHA-256 (hex, what the receipt will bind), bytes in all, the envelope's id."""

    header_sha256: str
    size: int
    env_id: str


async def seal(
    out: Path,
    *,
    purpose: Purpose,
    rehearsal: bool,
    context: dict[str, str],
    openers: Sequence[Recipient],
    k: int,
    supplier: bytes | None,
    payload: dict[str, Any],
    files: Sequence[tuple[str, Path]],
    signer: KeyHolder,
    progress: Callable[[int, int], None] | None = None,
    act: Act | None = None,
    suite: Suite = INTL_1,
) -> SealedEnvelope:
    """Seal a bid into ``out``, which appears whole or not at all. Memory does not grow with the files.

    Args:
        context: names like ``case``, ``lot``, ``deadline``, ``kit_sha256``; readable by everyone, so nothing that
            identifies the supplier. Opening compares it whole.
        openers: those who are not ``must`` share a secret of which any ``k`` restore it; without any, k = 0.
        supplier: the supplier's own encryption certificate (DER), or None for an envelope without that layer.
        payload: a canonical JSON object (no floats), e.g. the price schedule.
        files: name to show, and where the file is.
        signer: signs the manifest once, after the files are encrypted.
        progress: called on a worker thread with bytes done and bytes in all.
        act: what the signer's person is asked to confirm; by default ``seal_envelope`` with purpose and context.
        suite: the algorithms; for bids the sealing kit says which, else :func:`app.ca.suite.suite_for`.

    Cancelling the task stops the work and leaves no file behind.

    Raises:
        InputError: ``envelope.policy``, ``envelope.duplicate_recipient``, ``envelope.content``,
            ``envelope.source_unreadable`` (fact index), ``envelope.source_changed`` (fact index), ``certificate.*``,
            ``token.*``.
        FaultError: ``envelope.unwritable`` (disk), ``envelope.signature`` (the key made a wrong signature).
    """
    sizes = [_size_of(number, path) for number, (_, path) in enumerate(files)]
    terms = Terms(purpose, rehearsal, context, tuple(openers), k, supplier, suite)
    named = [(name, size) for (name, _), size in zip(files, sizes, strict=True)]
    plan = make_plan(terms, payload, named, _certificates(signer))
    sources = [_reader(number, path) for number, (_, path) in enumerate(files)]
    with _new_file(out) as target:
        return await _seal(plan, target, sources, signer, act, Meter(sum(sizes), progress))


async def seal_bytes(
    *,
    purpose: Purpose,
    rehearsal: bool,
    context: dict[str, str],
    openers: Sequence[Recipient],
    k: int,
    supplier: bytes | None,
    payload: dict[str, Any],
    signer: KeyHolder,
    files: Sequence[tuple[str, bytes]] = (),
    act: Act | None = None,
    suite: Suite = INTL_1,
) -> tuple[SealedEnvelope, bytes]:
    """:func:`seal` in memory, for what is small: a score sheet (评分表), a final quote (最后报价)."""
    terms = Terms(purpose, rehearsal, context, tuple(openers), k, supplier, suite)
    plan = make_plan(terms, payload, [(name, len(data)) for name, data in files], _certificates(signer))
    target = BytesIO()
    sources = [_memory_reader(data) for _, data in files]
    sealed = await _seal(plan, target, sources, signer, act, Meter(sum(plan.sizes)))
    return sealed, target.getvalue()


async def _seal(
    plan: Plan, target: BinaryIO, sources: Sequence[_Source], signer: KeyHolder, act: Act | None, meter: Meter
) -> SealedEnvelope:
    layout = plan.layout()
    start = len(frame_header(plan.header(layout)))
    digests = await _in_thread(meter, lambda: _encrypt_files(plan, target, start + layout[0].size, sources, meter))
    manifest = plan.manifest([plain.digest for plain, _ in digests])
    act = act or Act("seal_envelope", {"purpose": plan.core.purpose, **plan.core.context})
    signature = await signer.sign(SIGNATURE_DOMAIN + manifest, act)
    # A key that signs wrongly would spoil the bid unseen until the opening.
    if not verify_signature(plan.certificates[0], SIGNATURE_DOMAIN + manifest, signature):
        raise FaultError("envelope.signature")
    first = pack(SignedManifest(manifest, signature, plan.certificates))

    def finish() -> bytes:
        target.seek(start)
        key, info = stream_key(plan.suite, plan.key, plan.hc, 0)
        _, sealed = encrypt_stream(key, info, BytesIO(first), target, suite=plan.suite)
        raw = plan.header([sealed, *(cipher for _, cipher in digests)])
        if sealed.size != layout[0].size or len(frame_header(raw)) != start:
            raise FaultError("envelope.layout")
        target.seek(0)
        target.write(frame_header(raw))
        _sync(target)
        return raw

    raw = await _in_thread(meter, finish)
    return SealedEnvelope(
        header_sha256=sha256_hex(raw),
        size=start + sum(stream.size for stream in layout),
        env_id=plan.core.env_id,
    )


def _encrypt_files(
    plan: Plan, target: BinaryIO, offset: int, sources: Sequence[_Source], meter: Meter
) -> list[tuple[Digest, Digest]]:
    """Plaintext and ciphertext digest of each file; the ciphertexts stand in ``target`` from ``offset`` on."""
    target.seek(offset)
    digests = []
    for number, (source, size) in enumerate(zip(sources, plan.sizes, strict=True)):
        key, info = stream_key(plan.suite, plan.key, plan.hc, number + 1)
        with source() as file:
            plain, cipher = encrypt_stream(key, info, file, target, meter, plan.suite)
        if plain.size != size:
            raise InputError("envelope.source_changed", index=number)
        digests.append((plain, cipher))
    return digests


async def _in_thread(meter: Meter, work: Callable[[], _Result]) -> _Result:
    """Run ``work`` off the loop; a cancelled task waits until the thread has let go of the file."""
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        meter.cancel()
        await asyncio.wait([future])
        future.exception()  # looked at, so that nobody complains
        raise


class _Guarded(io.RawIOBase):
    """A file being sealed: its read errors are told from the target's write errors."""

    def __init__(self, number: int, path: Path) -> None:
        self._number = number
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise self._unreadable(error) from error

    def readinto(self, buffer: Any) -> int | None:
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            raise self._unreadable(error) from error

    def close(self) -> None:
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()

    def _unreadable(self, error: OSError) -> InputError:
        return InputError("envelope.source_unreadable", index=self._number, error=type(error).__name__)


def _size_of(number: int, path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError("envelope.source_unreadable", index=number, error=type(error).__name__) from error


def _reader(number: int, path: Path) -> _Source:
    return lambda: cast(AbstractContextManager[BinaryIO], _Guarded(number, path))


def _memory_reader(data: bytes) -> _Source:
    return lambda: BytesIO(data)


def _certificates(signer: KeyHolder) -> tuple[bytes, ...]:
    return (signer.signing_certificate, *signer.chain)


@contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    """A file beside ``out`` that becomes ``out`` when all went well, and else disappears."""
    try:
        with tempfile.NamedTemporaryFile(
            "w+b", buffering=0, dir=out.parent, prefix=out.name, suffix=".part", delete=False
        ) as target:
            part = Path(target.name)
            try:
                yield cast(BinaryIO, target)
            except BaseException:
                target.close()  # Windows deletes no open file
                part.unlink(missing_ok=True)
                raise
        os.replace(part, out)
    except OSError as error:
        raise FaultError("envelope.unwritable", error=type(error).__name__) from error


def _sync(target: BinaryIO) -> None:
    target.flush()
    with contextlib.suppress(io.UnsupportedOperation):  # in memory
        os.fsync(target.fileno())
