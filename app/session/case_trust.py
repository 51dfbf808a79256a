"""Whom a case believes (信任列表): its roots, the authorities the officer added, and evidence of revocation.

``trust.pem`` and ``crls.pem`` in the case's folder are what it was made with; ``trust.json`` says whether this host
asks OCSP responders and distribution points, what follows when they do not tell, and who stamps the record.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.ca.revocation_client import Evidence, RevocationClient
from app.ca.timestamp import signer_of
from app.ca.timestamp_client import TimestampClient
from app.ca.trust import Status, TrustList
from app.canon import sha256_hex
from app.clock import Clock
from app.errors import InputError
from app.session.rules.people import Level
from app.session.rules.state import State
from app.session.signin import check_certificates, unbase64
from app.session.trust_settings import read_settings
from app.session.wire.messages import SignIn


class CaseTrust:
    """Trust of one case on its host."""

    def __init__(self, folder: Path, base: TrustList, clock: Clock) -> None:
        self.settings = read_settings(folder)
        self._base = base
        self._clock = clock
        self._revocation = RevocationClient(folder / "evidence", clock, online=self.settings.online)

    def timestamps(self) -> TimestampClient | None:
        """Where stamps come from; None where the case names no authority. InputError ``time.bad_address``."""
        return TimestampClient(self.settings.tsa, self._base) if self.settings.tsa else None

    def of(self, state: State) -> TrustList:
        """The list as the record has it now."""
        if not state.authorities:
            return self._base
        added = [unbase64(one) for one in state.authorities]
        return TrustList(
            [*self._base.roots, *added], self._base.crls, self._base.intermediates, ocsp=self._base.ocsp,
            demo=self._base.demo,
        )  # fmt: skip

    async def for_sign_in(self, state: State, message: SignIn) -> tuple[TrustList, Evidence]:
        """The list with what could be found about the certificates of a sign-in, and that evidence.

        Only certificates that pass the list as it is are asked about.

        Raises:
            InputError: ``sign_in.*``, as :func:`app.session.signin.check_sign_in`.
        """
        trust, now = self.of(state), self._clock.now()
        if message.level == Level.STAFF_VERIFIED.value:
            return trust, Evidence()
        ocsp: list[bytes] = []
        crls: list[bytes] = []
        for path in check_certificates(message, trust, now):
            found = await self._revocation.evidence(path)
            ocsp += found.ocsp
            crls += found.crls
        evidence = Evidence(tuple(dict.fromkeys(ocsp)), tuple(dict.fromkeys(crls)))
        return trust.with_evidence(evidence.crls, evidence.ocsp), evidence

    async def about(
        self, state: State, certificate: bytes, chain: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...], Evidence]:
        """The path of a certificate (DER, leaf first; empty where it leads to no trusted root) and evidence about it,
        the lists and answers that the case was made with included."""
        trust = self.of(state)
        path = trust.validate(certificate, chain, self._clock.now(), "sign").path
        if not path:
            return (), Evidence()
        found = await self._revocation.evidence(path)
        return path, Evidence((*found.ocsp, *trust.ocsp), (*found.crls, *trust.crls))

    async def about_stamps(self, tokens: Iterable[bytes]) -> dict[str, bytes]:
        """Evidence about the authorities behind ``tokens``, as files for the archive: their stamps outlast them."""
        found: dict[str, bytes] = {}
        for certificate, chain in {signer_of(token) for token in tokens}:
            path = self._base.validate(certificate, chain, self._clock.now(), "sign").path
            if path:
                evidence = await self._revocation.evidence(path)
                found |= {f"{sha256_hex(one)}.ocsp": one for one in evidence.ocsp}
                found |= {f"{sha256_hex(one)}.crl": one for one in evidence.crls}
        return found

    def require(self, revocation: str) -> None:
        """InputError ``sign_in.revocation_unknown`` where the case requires to know and it could not be told."""
        if self.settings.revocation_required and revocation == Status.COULD_NOT_TELL.value:
            raise InputError("sign_in.revocation_unknown")
