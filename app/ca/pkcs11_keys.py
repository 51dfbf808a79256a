"""What is done with a key on a PKCS#11 token, through either binding (see :mod:`app.ca.pkcs11_token`)."""

import hashlib
from typing import Any

from app.ca.token_module import Refuse
from app.ca.worker_wire import EC, RSA, Decrypt, Derive, Done, Operation, RawCertificate, Reply, Sign

DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 9.2


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

    def find(self, session: Any, request: Operation) -> Any:
        """The private key for the request; None unless there is exactly one."""
        is_rsa = isinstance(request, Decrypt) or (isinstance(request, Sign) and request.algorithm == RSA)
        wanted = {
            self._b.Attribute.CLASS: self._b.ObjectClass.PRIVATE_KEY,
            self._b.Attribute.KEY_TYPE: self._b.KeyType.RSA if is_rsa else self._b.KeyType.EC,
            self._b.Attribute.ID: request.key_id,
        }
        keys = list(session.get_objects(wanted))
        return keys[0] if len(keys) == 1 else None

    def perform(self, key: Any, request: Operation, pin: str | None) -> Reply:
        """Do it; ``pin`` for a key that wants it at each use.

        Raises:
            Refuse: ``keywrap.refused``, ``token.unsupported``; exceptions of the binding pass through.
        """
        match request:
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
