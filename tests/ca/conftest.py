"""A demo CA and SoftHSM tokens, made once for the tests that only use them."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.ca.modules import find_modules
from app.ca.token import PinRequest
from app.ca.worker import TokenWorker
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken, fictitious_identity_number, fictitious_uscc

PIN = "246813"
NOW = datetime.now(UTC)


class Person:
    """A PIN provider that answers from a list, writes down what it was asked, and then cancels."""

    def __init__(self, *answers: str | None, confirms: bool = True) -> None:
        self.answers = list(answers)
        self.asked: list[PinRequest] = []
        self.confirmations = 0
        self._confirms = confirms

    async def ask(self, request: PinRequest) -> str | None:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else None

    async def confirm_final(self, request: PinRequest) -> bool:
        self.confirmations += 1
        return self._confirms


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return DemoPki.create(tmp_path_factory.mktemp("pki"), NOW)


@pytest.fixture(scope="session")
def make_token(pki: DemoPki, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], SoftToken]:
    """A new token of a person with ``rsa`` or ``ec`` keys."""
    if not any("softhsm" in module for module in find_modules()):
        pytest.skip("SoftHSM is not installed: no token tests ran")

    def make(algorithm: str) -> SoftToken:
        person = DemoPerson("李四", "测试公司", fictitious_uscc(7), fictitious_identity_number(7), algorithm)
        return pki.provision_token(person, tmp_path_factory.mktemp("token") / "t", PIN)

    return make


@pytest.fixture(scope="session", params=["rsa", "ec"])
def token(request: pytest.FixtureRequest, make_token: Callable[[str], SoftToken]) -> SoftToken:
    """One token per algorithm, for tests that leave it as it was."""
    return make_token(request.param)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., object]]:
    """Starts workers and closes them after the test: ``await start(token, person)``."""
    workers: list[TokenWorker] = []

    async def begin(token: SoftToken, person: object, **options: object) -> TokenWorker:
        worker = TokenWorker(person, **options)  # type: ignore[arg-type]
        workers.append(worker)
        await worker.start([token.module], token.env)
        return worker

    yield begin
    for worker in workers:
        await worker.close()


@pytest.fixture(scope="session")
def wycheproof() -> Path:
    """The folder of test vectors written by others; absent on a lone checkout."""
    default = Path(__file__).resolve().parents[3] / "shared" / "vectors"
    folder = Path(os.environ.get("BIDROOM_VECTORS", default)) / "wycheproof"
    if not folder.is_dir():
        pytest.skip(f"no vectors in {folder}: 0 ran (set BIDROOM_VECTORS)")
    return folder
