import random

import pytest
from factories.prompts import EASY, HARD, prompt, taught

from tierwatch.training.unfamiliar import called_unfamiliar

STRANGE = "Xylophone zeugma quixotic; vexing jazz: gryphon! Blizzard? Fjord..."


def test_few_like_those_it_learned_and_all_of_another_kind() -> None:
    classifier, chance = taught(600), random.Random(8)
    own = [prompt(chance, chance.choice((EASY, HARD))) for _ in range(300)]
    found = called_unfamiliar(classifier, own, 0.05)
    assert found is not None
    assert found <= 0.05
    assert called_unfamiliar(classifier, [STRANGE] * 4, 0.05) == 1
    assert called_unfamiliar(classifier, [STRANGE, own[0]], 0.05) == pytest.approx(0.5)


def test_without_prompts_or_pairs_nothing_is_known() -> None:
    assert called_unfamiliar(taught(600), [], 0.05) is None
    assert called_unfamiliar(taught(150), [STRANGE], 0.05) is None
    assert called_unfamiliar(taught(600), [STRANGE], 0) is None
