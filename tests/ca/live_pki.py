"""A test PKI that answers over HTTP as a CA does: OCSP, revocation lists, time stamps; by certomancer.

Certificates by label: ``good``, ``revoked`` (30 days ago), ``expired``, ``not_yet``, ``wrong_usage`` (encryption only);
``unknown`` comes from another root.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from asn1crypto import pem
from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

PEOPLE = ("good", "revoked", "expired", "not_yet", "wrong_usage")
_KEYS = ("root", "interm", "responder", "tsa", "other", *PEOPLE, "unknown")


class LivePki:
    """The PKI while its server runs.

    Attributes:
        root, intermediate: DER.
        keys: private keys by label.
        tsa: address of the time stamping authority.
        requests: paths asked for, in order.
        down: answer 503 to everything.
        answer: answer this body to everything, whatever was asked.
        now: the PKI's clock.
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        self.requests: list[str] = []
        self.keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in _KEYS}
        self.down = False
        self.answer: bytes | None = None
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self._serve, request_handler=_Silent)
        address = f"http://127.0.0.1:{self._server.server_port}"
        for name, key in self.keys.items():
            text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"{name}.pem").write_bytes(text)
        config = CertomancerConfig.from_yaml(
            yaml.safe_dump(_config(now)), key_search_dir=str(folder), external_url_prefix=address
        )
        self._arch = config.get_pki_arch(ArchLabel("test"))
        self._animator = Animator(AnimatorArchStore({ArchLabel("test"): self._arch}), with_web_ui=False)
        self.root, self.intermediate = self.certificate("root"), self.certificate("interm")
        self.tsa = f"{address}/test/tsa/tsa"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def certificate(self, label: str) -> bytes:
        """DER."""
        der: bytes = self._arch.get_cert(CertLabel(label)).dump()
        return der

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ, start_response):  # type: ignore[no-untyped-def]
        self.requests.append(Request(environ).path)
        if self.down:
            return Response("out of order", 503)(environ, start_response)
        if self.answer is not None:
            return Response(self.answer)(environ, start_response)
        # whole seconds: RFC 6960 times have no fractions
        environ["HTTP_X_CERTOMANCER_FAKE_TIME"] = self.now().replace(microsecond=0).isoformat()
        return self._animator(environ, start_response)


class _Silent(WSGIRequestHandler):
    def log(self, *_parts: object) -> None:
        pass


@contextmanager
def live_pki(folder: Path, now: datetime | None = None) -> Iterator[LivePki]:
    """A running PKI with keys in ``folder``, its certificates valid around ``now``."""
    pki = LivePki(folder, now or datetime.now(UTC))
    try:
        yield pki
    finally:
        pki.close()


def _config(now: datetime) -> dict[str, object]:
    def days(count: int) -> str:
        return (now + timedelta(days=count)).strftime("%Y-%m-%dT%H:%M:%S+0000")

    def usage(*names: str) -> dict[str, object]:
        return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(names)}}

    def authority(name: str, issuer: str, **services: str) -> dict[str, object]:
        return {
            "subject": name,
            "issuer": issuer,
            "validity": {"valid-from": days(-400), "valid-to": days(3000)},
            "profiles": [{"id": "simple-ca", "params": services}],
        }

    def person(name: str, start: int = -30, end: int = 300, *, signs: bool = True) -> dict[str, object]:
        return {
            "subject": name,
            "issuer": "interm",
            "validity": {"valid-from": days(start), "valid-to": days(end)},
            "extensions": [usage(*(("digital_signature",) if signs else ()), "key_agreement")],
        }

    def service(name: str, issuer: str, purpose: str) -> dict[str, object]:
        purposes = {"id": "extended_key_usage", "critical": True, "value": [purpose]}
        return {
            "subject": name,
            "issuer": issuer,
            "validity": {"valid-from": days(-300), "valid-to": days(300)},
            "extensions": [usage("digital_signature"), purposes],
        }

    certs = {
        "root": authority("root", "root", **{"crl-repo": "root"}),
        "interm": authority("interm", "root", **{"crl-repo": "interm", "ocsp-service": "interm"}),
        "other": authority("other", "other"),
        "responder": service("responder", "interm", "ocsp_signing"),
        "tsa": service("tsa", "root", "time_stamping"),
        "good": person("good"),
        "revoked": person("revoked", -60) | {"revocation": {"revoked-since": days(-30), "reason": "key_compromise"}},
        "expired": person("expired", -300, -10),
        "not_yet": person("not_yet", 10),
        "wrong_usage": person("wrong_usage", signs=False),
        "unknown": person("unknown") | {"issuer": "other"},
    }
    every = {"simulated-update-schedule": "P30D"}
    return {
        "keysets": {"keys": {"path-prefix": ".", "keys": {name: {"path": f"{name}.pem"} for name in _KEYS}}},
        "pki-architectures": {
            "test": {
                "keyset": "keys",
                "entity-defaults": {"country-name": "CN"},
                "entities": {name: {"common-name": f"测试 {name}"} for name in _KEYS},
                "certs": certs,
                "services": {
                    "ocsp": {
                        "interm": {
                            "for-issuer": "interm",
                            "responder-cert": "responder",
                            "signing-key": "responder",
                        }
                    },
                    "crl-repo": {
                        name: {"for-issuer": name, "signing-key": name, **every} for name in ("root", "interm")
                    },
                    "time-stamping": {"tsa": {"signing-key": "tsa", "signing-cert": "tsa"}},
                },
            }
        },
    }


def pem_of(der: bytes) -> bytes:
    """A certificate as PEM."""
    text: bytes = pem.armor("CERTIFICATE", der)
    return text
