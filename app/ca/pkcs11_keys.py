"""What is done with a key on a PKCS#11 token, through either binding (see :mod:`app.ca.pkcs11_token`)."""

import hashlib
from typing import Any

from app.ca.pkcs11_sm2 import Profile, ciphertext, number_of, raw_signature
from app.ca.token_module import Refuse
from app.ca.worker_wire import (
    EC,
    RSA,
    SM2,
    Decrypt,
    Derive,
    Done,
    OpenSm4,
    Operation,
    RawCertificate,
    Reply,
    Sign,
)

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 9.2
_SM4_KEY = 16


class Pkcs11Errors:
    """A binding's exceptions, by what they mean here."""

    def __init__(self, errors: Any) -> None:
        self.any = errors.PKCS11Error
        self.gone = (
            errors.DeviceRemoved, errors.DeviceError, errors.TokenNotPresent, errors.SessionHandleInvalid,
            errors.ObjectHandleInvalid, errors.KeyHandleInvalid, errors.GeneralError, errors.SessionClosed,
            errors.SlotIDInvalid,
        )  # fmt: skip
        self.unsupported = (
            errors.ArgumentsBad, errors.MechanismInvalid, errors.MechanismParamInvalid, errors.FunctionNotSupported,
        )  # fmt: skip
        self.bad_ciphertext = (
            errors.EncryptedDataInvalid, errors.EncryptedDataLenRange, errors.DataInvalid, errors.DataLenRange,
        )  # fmt: skip
        self.bad_point = (
            errors.ArgumentsBad, errors.MechanismParamInvalid, errors.DomainParamsInvalid, errors.PublicKeyInvalid,
        )  # fmt: skip
        self.pin_refused = (errors.PinIncorrect, errors.PinInvalid, errors.PinLenRange)
        self.login = {
            errors.PinLocked: "token.pin_locked",
            errors.PinExpired: "token.pin_expired",
            errors.UserPinNotInitialized: "token.pin_not_set",
            errors.FunctionCancelled: "token.cancelled",
            errors.FunctionRejected: "token.cancelled",
        }
        self.one = errors


def needs_sm2(request: Operation) -> bool:
    """Whether a vendor's numbers are needed for it."""
    return isinstance(request, OpenSm4) or (isinstance(request, Sign) and request.algorithm == SM2)


class Pkcs11Keys:
    """Finds keys and certificates and works with keys."""

    def __init__(self, binding: Any) -> None:
        self._b = binding
        self._errors = Pkcs11Errors(binding.exceptions)

    def certificates(self, token: Any) -> list[RawCertificate]:
        """All X.509 certificates that are readable without a PIN, with the id of their key."""
        attribute = self._b.Attribute
        wanted = {
            attribute.CLASS: self._b.ObjectClass.CERTIFICATE,
            attribute.CERTIFICATE_TYPE: self._b.CertificateType.X_509,
        }
        session = token.open()
        try:
            pairs = [(one[attribute.ID] or b"", one[attribute.VALUE]) for one in session.get_objects(wanted)]
        finally:
            session.close()
        return [RawCertificate(bytes(key_id), bytes(der)) for key_id, der in pairs if der]

    def find(self, session: Any, request: Operation, profile: Profile | None) -> Any:
        """The private key for the request; None unless there is exactly one. ``profile``: of the token's SM2."""
        is_rsa = isinstance(request, Decrypt) or (isinstance(request, Sign) and request.algorithm == RSA)
        kinds: list[Any] = [self._b.KeyType.RSA if is_rsa else self._b.KeyType.EC]
        if needs_sm2(request):
            if profile is None:
                raise Refuse("token.unsupported", "SM2")
            kinds = [number_of(self._b.KeyType, kind) for kind in profile.key_types]
        for kind in kinds:
            wanted = {
                self._b.Attribute.CLASS: self._b.ObjectClass.PRIVATE_KEY,
                self._b.Attribute.KEY_TYPE: kind,
                self._b.Attribute.ID: request.key_id,
            }
            keys = list(session.get_objects(wanted))
            if len(keys) == 1:
                return keys[0]
        return None

    def perform(self, key: Any, request: Operation, profile: Profile | None, pin: str | None) -> Reply:
        """Do it; ``profile`` as for :meth:`find`, ``pin`` for a key that wants it at each use.

        Raises:
            Refuse: ``keywrap.refused``, ``token.unsupported``; exceptions of the binding pass through.
        """
        match request:
            case Sign(algorithm="sm2") if profile is not None:
                return Done(self._sign_sm2(key, request, profile, pin))
            case OpenSm4() if profile is not None:
                return Done(self._open_sm2(key, request, profile, pin), raw=True)
            case Sign():
                return Done(self._sign(key, request, pin))
            case Decrypt():
                return self._decrypt(key, request, pin)
            case Derive():
                return Done(self._derive(key, request.point))
            case _:
                raise Refuse("token.unsupported", "SM2")

    def _sign(self, key: Any, request: Sign, pin: str | None) -> bytes:
        mechanism = self._b.Mechanism
        digest = hashlib.sha256(request.data).digest()
        if request.algorithm == EC:
            return bytes(key.sign(digest, mechanism=mechanism.ECDSA, pin=pin))
        try:
            return bytes(key.sign(DIGEST_INFO_SHA256 + digest, mechanism=mechanism.RSA_PKCS, pin=pin))
        except self._errors.unsupported:  # some tokens insist on hashing themselves
            return bytes(key.sign(request.data, mechanism=mechanism.SHA256_RSA_PKCS, pin=pin))

    def _sign_sm2(self, key: Any, request: Sign, profile: Profile, pin: str | None) -> bytes:
        for number, form in profile.sign:
            given = request.digest if form == "digest" else request.data
            try:
                made = bytes(key.sign(given, mechanism=number_of(self._b.Mechanism, number), pin=pin))
            except self._errors.unsupported:
                continue
            return raw_signature(made)
        raise Refuse("token.unsupported", "SM2")

    def _open_sm2(self, key: Any, request: OpenSm4, profile: Profile, pin: str | None) -> bytes:
        """The SM4 key: vendors differ in the form of the ciphertext, and only the right one opens."""
        answer = Refuse("token.unsupported", "SM2")
        for number, form in profile.decrypt:
            mechanism = number_of(self._b.Mechanism, number)
            try:
                found = bytes(key.decrypt(ciphertext(request.wrapped_key, form), mechanism=mechanism, pin=pin))
            except self._errors.unsupported:
                continue
            except self._errors.bad_ciphertext:
                answer = Refuse("keywrap.refused")
                continue
            if len(found) == _SM4_KEY:
                return found
            answer = Refuse("keywrap.refused")
        raise answer

    def _decrypt(self, key: Any, request: Decrypt, pin: str | None) -> Done:
        mechanism = self._b.Mechanism
        oaep = (mechanism.SHA256, self._b.MGF.SHA256, None)
        try:
            try:
                found = key.decrypt(
                    request.ciphertext, mechanism=mechanism.RSA_PKCS_OAEP, mechanism_param=oaep, pin=pin
                )
                return Done(bytes(found))
            except self._errors.unsupported:
                return Done(bytes(key.decrypt(request.ciphertext, mechanism=mechanism.RSA_X_509, pin=pin)), raw=True)
        except self._errors.bad_ciphertext:
            raise Refuse("keywrap.refused") from None

    def _derive(self, key: Any, point: bytes) -> bytes:
        attribute = self._b.Attribute
        template = {attribute.SENSITIVE: False, attribute.EXTRACTABLE: True, attribute.TOKEN: False}
        for encoded in (point, b"\x04\x41" + point):  # raw by PKCS#11 2.40; older modules want it DER-encoded
            try:
                secret = key.derive_key(
                    self._b.KeyType.GENERIC_SECRET,
                    256,
                    mechanism=self._b.Mechanism.ECDH1_DERIVE,
                    mechanism_param=(self._b.KDF.NULL, None, encoded),
                    template=template,
                )
            except self._errors.bad_point:
                continue
            try:
                return bytes(secret[attribute.VALUE])
            finally:
                secret.destroy()
        raise Refuse("token.unsupported", "ECDH1_DERIVE")
