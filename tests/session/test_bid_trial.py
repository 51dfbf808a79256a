"""A trial says before the deadline what the opening day would: with international and national keys."""

from datetime import timedelta

import pytest
from world import World

from app.ca.certificates import Fitness
from app.ca.token import Act
from app.errors import BidroomError
from app.session.bid_trial import try_decryption


@pytest.mark.parametrize("national", [(), ("supplier-a",)])
async def test_a_token_that_works_is_said_to_work(tmp_path: object, national: tuple[str, ...]) -> None:
    world = await World.create(tmp_path, start=False, national=national)  # type: ignore[arg-type]
    key, now = world.keys["supplier-a"], world.clock.now()
    found = await try_decryption(key, now, now + timedelta(days=1))
    assert found.fitness in (Fitness.GOOD, Fitness.SOON)
    assert found.expires > now
    late = await try_decryption(key, now, found.expires + timedelta(days=1))
    assert late.fitness is Fitness.BEFORE_OPENING
    assert world.state.bids == {}


async def test_a_renewed_key_is_found_out(tmp_path: object) -> None:
    """The certificate that is shown is not the one whose key is on the token."""
    world = await World.create(tmp_path, start=False)  # type: ignore[arg-type]
    mine, other = world.keys["supplier-a"], world.keys["supplier-b"]

    class Renewed:
        signing_certificate, encryption_certificate = mine.signing_certificate, other.encryption_certificate
        chain = mine.chain

        async def sign(self, data: bytes, act: Act) -> bytes:
            return await mine.sign(data, act)

        async def unwrap(self, blob: bytes, act: Act) -> bytes:
            return await mine.unwrap(blob, act)

    with pytest.raises(BidroomError) as refused:
        await try_decryption(Renewed(), world.clock.now())
    assert refused.value.code == "trial.other_key"
