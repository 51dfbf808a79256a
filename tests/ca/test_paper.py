"""A share as words on paper: in again only whole, in order, and for its own envelope."""

import asyncio
import random

import pytest
from envelope_world import ACT, PAYLOAD, opened, person, sealed, share_of, shares_of

from app.ca.envelope import take_share
from app.ca.paper import WORDS, share_from_words, words_of
from app.errors import InputError

BID = sealed()
OWN = share_of(BID, "甲公司")


def test_the_words_open_what_the_token_would() -> None:
    words = words_of(OWN)
    assert len(words) == WORDS == 33
    again = share_from_words([f" {word.upper()} " for word in words], BID.header)
    assert again == OWN
    assert opened(BID, [*shares_of(BID, "张王"), again]).payload == PAYLOAD
    assert words_of(OWN) != words  # a fresh identifier each time
    assert share_from_words(words_of(OWN), BID.header) == OWN


def refused(words: list[str]) -> tuple[str, dict[str, object]]:
    with pytest.raises(InputError) as caught:
        share_from_words(words, BID.header)
    assert all(isinstance(fact, int) for fact in caught.value.facts.values())  # an error tells no secret
    return caught.value.code, dict(caught.value.facts)


def test_what_is_mistyped_is_said_where_it_can_be() -> None:
    words = list(words_of(OWN))
    assert refused(words[:-1]) == ("paper.count", {"found": 32, "needed": 33})
    assert refused([*words, words[0]]) == ("paper.count", {"found": 34, "needed": 33})
    assert refused([*words[:6], "xyzzyx", *words[7:]]) == ("paper.word", {"place": 7})
    chance = random.Random(1)
    for _ in range(60):
        one, two = chance.sample(range(WORDS), 2)
        swapped = list(words)
        swapped[one], swapped[two] = swapped[two], swapped[one]
        if swapped != words:
            assert refused(swapped)[0] == "paper.checksum"
    for place in range(WORDS):
        other = words[(place + 1) % WORDS]
        if other != words[place]:
            assert refused([*words[:place], other, *words[place + 1 :]])[0] == "paper.checksum"
    assert refused(list(reversed(words)))[0] == "paper.checksum"


def test_the_paper_of_another_envelope_or_an_openers_share_does_not_fit() -> None:
    other = sealed()
    theirs = asyncio.run(take_share(other.header, person("甲公司"), ACT))
    assert refused(list(words_of(theirs)))[0] == "paper.other_envelope"
    assert refused(list(words_of(share_of(BID, "张"))))[0] == "paper.other_envelope"
