"""The questions to a person, and the provider for nobody there."""

from app.ca.token import Act, FixedPin, PinRequest, PinState

REQUEST = PinRequest("label", "serial", "张三", Act("seal_bid", {"lot": "1"}), PinState.OK)


def test_final_is_the_last_try_only() -> None:
    states = {state: PinRequest("l", "s", "h", Act("a"), state).final for state in PinState}
    assert [state for state, final in states.items() if final] == [PinState.FINAL]


async def test_fixed_pin_answers_once() -> None:
    provider = FixedPin("13579")
    assert await provider.ask(REQUEST) == "13579"
    assert await provider.ask(PinRequest("l", "s", "h", Act("a"), PinState.LOW, wrong=True)) is None
    assert not await provider.confirm_final(REQUEST)
    assert "13579" not in repr(provider)
