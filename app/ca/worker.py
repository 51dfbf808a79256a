"""Tokens for the program: work with modules is asked of a child process, which may die or hang without taking us along.

Codes of errors, besides those of :mod:`app.ca.keywrap`:

``token.gone`` pulled out (ask again when it is back) · ``token.wrong_token`` another one is there instead ·
``token.cancelled`` by the person · ``token.pin_locked`` ·
``token.pin_wrong`` the provider repeated a refused PIN · ``token.pin_expired`` · ``token.pin_not_set`` ·
``token.key_missing`` no such private key · ``token.unsupported`` the token lacks the operation · ``token.refused`` any
other error of the module · ``token.not_found`` · ``token.ambiguous`` several match · ``token.no_signing_certificate`` ·
``token.no_encryption_certificate`` · ``token.module_missing`` · ``token.module_broken`` · ``token.module_32bit`` ·
``token.signature_wrong`` it does not verify with the certificate
(InputError);
``token.timeout`` · ``token.worker_died`` · ``token.not_started`` (FaultError).
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.ca import sm2
from app.ca.certificates import chain_of, key_pairs
from app.ca.gbt35275 import Sealed, sm4_open
from app.ca.keywrap import oaep_decode, open_wrapped
from app.ca.module_file import module_bits
from app.ca.signatures import (
    EC_SUITE,
    RSA_SUITE,
    SM2_SUITE,
    SUPPORTED_SUITES,
    CertificateInfo,
    describe,
    parse_certificate,
    verify_signature,
)
from app.ca.token import Act, PinProvider, PinRequest, PinState, TokenInfo
from app.ca.token_doubles import without_doubles
from app.ca.worker_child import WorkerChild
from app.ca.worker_process import worker_command, worker_command32
from app.ca.worker_wire import (
    EC,
    RSA,
    SM2,
    Decrypt,
    Derive,
    Done,
    Failed,
    Forget,
    ListSlots,
    OpenSm4,
    Operation,
    Pin,
    PinNeeded,
    RawSlot,
    Reply,
    Sign,
    Slots,
    TokenRef,
)
from app.clock import Clock, SystemClock
from app.errors import BidroomError, FaultError, InputError
from app.logs import get_logger

MAX_SIGNED = 16 * 1024 * 1024
LIST_SECONDS = 10.0
"""A module that takes longer to say what is there would keep the others from being seen."""
_ALGORITHMS = {RSA_SUITE: RSA, EC_SUITE: EC, SM2_SUITE: SM2}
_log = get_logger("token")


class TokenWorker:
    """Owns the child process with the modules, PKCS#11 or SKF. Belongs to one event loop; its calls may overlap freely.

    A child that dies or hangs is killed; the call fails with a code, and the next call starts a new child. Nobody is
    logged in there: the person is asked for the PIN again.
    """

    def __init__(
        self,
        pins: PinProvider,
        *,
        timeout: float = 60.0,
        device_timeout: float = 120.0,
        clock: Clock | None = None,
        command: Sequence[str] | None = None,
        command32: Sequence[str] | None = None,
    ) -> None:
        """``timeout``: seconds for one request; ``device_timeout``: where the PIN is entered on the device itself.

        ``clock``: by which certificates are chosen.
        ``command``, ``command32``: how the child is started, and the one for 32-bit modules.
        """
        self._pins = pins
        self._timeout = timeout
        self._device_timeout = device_timeout
        self._command = list(command or worker_command())
        self._command32 = command32 or worker_command32()
        self._modules: list[str] = []
        self._children: list[WorkerChild] = []  # the first is this program's own kind, the second serves 32 bit
        self._homes: dict[str, WorkerChild] = {}
        self._dialogs: dict[TokenRef, asyncio.Lock] = {}
        self._clock = clock or SystemClock()
        self.under_way: tuple[TokenInfo, Act] | None = None
        """What a token is at work on now, while nobody is being asked."""

    @property
    def pid(self) -> int | None:
        """Process id of the first child, None when there is none."""
        return self._children[0].pid if self._children else None

    async def start(self, modules: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start the child with these PKCS#11 and SKF modules; ``env`` is added to the child's environment.

        A module that is missing, broken or of the wrong kind does not hinder the others: :meth:`tokens` names it.
        32-bit modules get a child of their own kind where this program is a 64-bit one and finds an interpreter for it.
        """
        await self.close()
        self._modules = list(modules)
        own = WorkerChild(self._command, env or {}, self._timeout)
        self._children = [own]
        for module in self._modules:
            home = own
            if module_bits(module) == 32 and struct.calcsize("P") == 8:
                if self._command32 is None:
                    continue
                if len(self._children) == 1:
                    self._children.append(WorkerChild(self._command32, env or {}, self._timeout))
                home = self._children[1]
            home.serve(module)
            self._homes[module] = home
        await own.start()

    async def close(self) -> None:
        """Log out everywhere and end the child; an act that is under way fails with ``token.worker_died``."""
        children, self._children, self._homes = self._children, [], {}
        for child in children:
            await child.close()

    async def tokens(self) -> list[TokenInfo]:
        """All tokens of all modules, slot by slot; broken slots and modules are entries with a ``problem``.

        A device that several modules show is one entry, by the module that does most with it.

        Raises:
            FaultError: ``token.not_started``.
        """
        if not self._children:
            raise FaultError("token.not_started")
        found: list[TokenInfo] = []
        # This program's own kind first: where two do the same, the earlier one is taken.
        for module in sorted(self._modules, key=lambda one: self._homes.get(one) is not self._children[0]):
            home = self._homes.get(module)
            if home is None:
                found.append(TokenInfo(module, -1, problem="token.module_32bit"))
                continue
            try:
                reply = await home.request(ListSlots(module), min(LIST_SECONDS, self._timeout))
            except FaultError as error:
                if error.code == "token.not_started":
                    raise
                home.blame(module)
                found.append(TokenInfo(module, -1, problem=error.code))
                continue
            if isinstance(reply, Slots):
                found.extend(_token_info(module, slot) for slot in reply.slots)
            elif isinstance(reply, Failed):
                found.append(TokenInfo(module, -1, problem=home.problems.get(module, reply.code)))
        return without_doubles(found)

    async def open(self, selector: str | bytes) -> "TokenKeyHolder":
        """The keys of one token, chosen by serial or label (str) or by one of its certificates (DER). Asks for no PIN.

        A certificate that signs is then the one that is used; otherwise the best of the token is.

        Raises:
            InputError: ``token.not_found``, ``token.ambiguous``, ``token.no_signing_certificate``.
        """
        usable = [token for token in await self.tokens() if token.problem is None]
        if isinstance(selector, bytes):
            matching = [token for token in usable if any(one.der == selector for one in token.certificates)]
        else:
            matching = [token for token in usable if selector == token.serial]
            matching = matching or [token for token in usable if selector == token.label]
        if len(matching) != 1:
            raise InputError("token.ambiguous" if matching else "token.not_found")
        return TokenKeyHolder(self, matching[0], self._clock, selector if isinstance(selector, bytes) else None)

    async def forget(self, token: TokenInfo | None = None) -> None:
        """Log out of ``token``, or of all; the next act asks for the PIN."""
        children = self._children if token is None else [self._home(token)]
        for child in children:
            await child.request(Forget(_ref(token) if token is not None else None))

    async def operate(self, token: TokenInfo, make: Callable[[Pin | None], Operation], holder: str, act: Act) -> Done:
        """Have the token do one operation, asking the person as often as needed; never repeats a PIN by itself."""
        async with self._dialogs.setdefault(_ref(token), asyncio.Lock()):
            home = self._home(token)
            reply = await self._busy(token, act, home.request(make(None)))
            refused: str | None = None
            while isinstance(reply, PinNeeded):
                pin = await self._ask(token, reply, holder, act)
                if refused is not None and not pin.on_device and pin.value == refused:
                    # A provider that insists on a refused PIN would lock the token.
                    raise InputError("token.pin_wrong", token=token.label)
                refused = pin.value
                waited = self._device_timeout if pin.on_device else None
                reply = await self._busy(token, act, home.request(make(pin), waited))
        if isinstance(reply, Done):
            return reply
        if isinstance(reply, Failed) and reply.code == "token.gone" and await self._another(token):
            raise InputError("token.wrong_token", token=token.label, holder=holder)
        raise _error(reply, token)

    async def _busy(self, token: TokenInfo, act: Act, request: Awaitable[Reply]) -> Reply:
        self.under_way = (token, act)
        try:
            return await request
        finally:
            self.under_way = None

    async def _another(self, token: TokenInfo) -> bool:
        """Whether ``token`` is away and something else is in its place: tokens of the same module."""
        seen = [one for one in await self.tokens() if one.module == token.module and one.problem is None]
        return bool(seen) and all(_ref(one) != _ref(token) for one in seen)

    async def _ask(self, token: TokenInfo, needed: PinNeeded, holder: str, act: Act) -> Pin:
        request = PinRequest(
            token_label=token.label,
            token_serial=token.serial,
            holder=holder,
            act=act,
            pin_state=PinState(needed.state),
            wrong=needed.wrong,
            on_device=needed.on_device,
            tries_left=needed.tries_left,
        )
        if request.final and not await self._pins.confirm_final(request):
            raise InputError("token.cancelled", token=token.label)
        value = await self._pins.ask(request)
        if value is None:
            raise InputError("token.cancelled", token=token.label)
        return Pin("" if needed.on_device else value, needed.on_device, request.final)

    def _home(self, token: TokenInfo) -> WorkerChild:
        if token.module not in self._homes:
            raise FaultError("token.not_started")
        return self._homes[token.module]


class TokenKeyHolder:
    """The keys on one token; a ``KeyHolder``. Certificates are chosen by key usage.

    Attributes:
        info: the token as it was when opened.
        signing_certificate: DER of the certificate for signatures: the one asked for, else the best.
        encryption_certificate: DER of the one for encryption that goes with it; the signing certificate where there is
            none (``unwrap`` then raises ``token.no_encryption_certificate``).
        chain: CA certificates found on the token that lead up from the signing certificate, nearest first.
    """

    def __init__(self, worker: TokenWorker, info: TokenInfo, clock: Clock, wanted: bytes | None = None) -> None:
        self._worker = worker
        self.info = info
        pairs = key_pairs(info, clock.now())
        if not pairs:
            raise InputError("token.no_signing_certificate", token=info.label)
        chosen = next((pair for pair in pairs if pair.signing.der == wanted), pairs[0])
        self._signing, self._encryption = chosen.signing, chosen.encryption
        self._chain = chain_of(chosen.signing, info.certificates)

    @property
    def signing_certificate(self) -> bytes:
        return self._signing.der

    @property
    def encryption_certificate(self) -> bytes:
        return (self._encryption or self._signing).der

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._chain

    async def sign(self, data: bytes, act: Act) -> bytes:
        """See ``KeyHolder.sign``; at most ``MAX_SIGNED`` bytes."""
        if len(data) > MAX_SIGNED:
            raise ValueError("too much data to sign: sign its digest")
        key, ref = self._signing, _ref(self.info)
        algorithm = _ALGORITHMS[key.suite]
        digest = sm2.z_digest(sm2.public_point_of(key.der), data) if algorithm == SM2 else b""
        done = await self._worker.operate(
            self.info, lambda pin: Sign(ref, key.key_id, algorithm, data, pin, digest), key.holder, act
        )
        signature = done.data
        if algorithm != RSA:
            half = len(signature) // 2
            signature = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
        if not verify_signature(key.der, data, signature):  # another key, another digest: better known now than later
            raise InputError("token.signature_wrong", token=self.info.label)
        return signature

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        """See ``KeyHolder.unwrap``; tries the other encryption keys too that are on the token now.

        Authorities renew a certificate and leave the earlier key beside it, so that what was sealed to it still opens.
        """
        if self._encryption is None:
            raise InputError("token.no_encryption_certificate", token=self.info.label)
        try:
            return await self._unwrap_with(self._encryption, blob, act)
        except InputError as error:
            if error.code != "keywrap.refused":
                raise
            refused = error
        for other in await self._other_keys():
            try:
                return await self._unwrap_with(other, blob, act)
            except InputError as error:
                if error.code != "keywrap.refused":
                    raise
        raise refused

    async def _other_keys(self) -> list[CertificateInfo]:
        now = [one for one in await self._worker.tokens() if _ref(one) == _ref(self.info) and one.problem is None]
        return [
            one
            for token in now
            for one in token.certificates
            if one.decrypts and one.key_id and one.suite in SUPPORTED_SUITES and one.der != self.encryption_certificate
        ]

    async def _unwrap_with(self, certificate: CertificateInfo, blob: bytes, act: Act) -> bytes:
        ref = _ref(self.info)

        async def oaep(ciphertext: bytes) -> bytes:
            done = await self._worker.operate(
                self.info, lambda pin: Decrypt(ref, certificate.key_id, ciphertext, pin), certificate.holder, act
            )
            return oaep_decode(done.data, _modulus_size(certificate.der)) if done.raw else done.data

        async def ecdh(point: bytes) -> bytes:
            done = await self._worker.operate(
                self.info, lambda pin: Derive(ref, certificate.key_id, point, pin), certificate.holder, act
            )
            return done.data

        async def sm4(sealed: Sealed) -> bytes:
            wrapped = b"".join(sm2.ciphertext_parts(sealed.wrapped_key))
            done = await self._worker.operate(
                self.info,
                lambda pin: OpenSm4(ref, certificate.key_id, wrapped, sealed.iv, sealed.ciphertext, pin),
                certificate.holder,
                act,
            )
            return sm4_open(done.data, sealed.iv, sealed.ciphertext) if done.raw else done.data

        return await open_wrapped(blob, certificate.der, oaep, ecdh, sm4)

    async def forget(self) -> None:
        """Log out of this token."""
        await self._worker.forget(self.info)


def _ref(token: TokenInfo) -> TokenRef:
    return TokenRef(token.module, token.serial, token.label)


def _error(reply: Reply, token: TokenInfo) -> BidroomError:
    if not isinstance(reply, Failed):
        return FaultError("token.worker_died")
    if reply.code == "keywrap.refused":
        return InputError(reply.code)
    _log.warning("token refused", code=reply.code, error=reply.error)
    return InputError(reply.code, token=token.label)


def _token_info(module: str, slot: RawSlot) -> TokenInfo:
    certificates = []
    for raw in slot.certificates:
        try:
            info = describe(raw.der)
        except InputError:
            continue  # an unreadable object beside good ones hides nothing
        certificates.append(msgspec.structs.replace(info, key_id=raw.key_id))
    return TokenInfo(
        module=module,
        slot=slot.slot,
        label=slot.label,
        serial=slot.serial,
        manufacturer=slot.manufacturer,
        certificates=tuple(certificates),
        pin_state=PinState(slot.pin_state),
        protected_path=slot.on_device,
        problem=slot.problem,
        tries_left=slot.tries_left,
        profile=slot.profile,
    )


def _modulus_size(der: bytes) -> int:
    key = parse_certificate(der).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return (key.key_size + 7) // 8
