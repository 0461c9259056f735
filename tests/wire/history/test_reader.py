"""Who wrote a message, as far as its reader knows."""

import pytest

from tierwatch.wire.history.reader import Issuer, Reader


@pytest.mark.parametrize(
    ("issuer", "wrote", "houses"),
    [
        (Issuer("lab", "large"), True, True),
        (Issuer("lab", "small"), False, True),
        (Issuer("other", "large"), False, False),
    ],
)
def test_a_reader_knows_its_own_words_and_its_own_house(
    issuer: Issuer, *, wrote: bool, houses: bool
) -> None:
    for trusts in (False, True):  # what is known needs no trust
        reader = Reader("lab", "large", issuer_of=lambda _: issuer, trusts_unknown=trusts)
        assert (reader.wrote(0), reader.houses(0)) == (wrote, houses)


@pytest.mark.parametrize("trusts", [False, True])
def test_what_nobody_knows_is_a_matter_of_trust(*, trusts: bool) -> None:
    reader = Reader("lab", "large", trusts_unknown=trusts)
    assert reader.wrote(3) is reader.houses(3) is trusts


def test_messages_are_told_apart_by_their_place() -> None:
    issuers = {1: Issuer("lab", "large"), 3: Issuer("other", "x")}
    reader = Reader("lab", "large", issuer_of=issuers.get)
    assert [reader.wrote(index) for index in range(5)] == [False, True, False, False, False]
