"""Each judged pair is learned once, in order, by the classifier of its boundary."""

from concurrent.futures import ThreadPoolExecutor

import factories.rows as put
from factories.pairs import add_judged, prompts
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.improve.learn import LearnRules, learn
from tierwatch.routing.classify.local import LocalClassifier

RULES = LearnRules(boundaries=("simple", "standard"), judge_version=put.JUDGE, base_rate=1.0)


def learner(engine: Engine, boundary: str = "simple") -> LocalClassifier:
    return LocalClassifier.from_bytes(
        scalar(engine, "select artefact from learners where boundary = :b", b=boundary)
    )


def add(engine: Engine, pairs: list[tuple[str, str]], **options: object) -> None:
    with engine.begin() as connection:
        add_judged(connection, pairs, **options)


def test_what_is_learned_in_batches_is_what_is_learned_at_once(engine: Engine) -> None:
    pairs = list(prompts(1_250))
    add(engine, pairs[:400])
    assert learn(engine=engine, rules=RULES) == 400
    assert learn(engine=engine, rules=RULES) == 0  # redelivered
    add(engine, pairs[400:])
    assert learn(engine=engine, rules=RULES) == 850
    at_once = LocalClassifier()
    for prompt, verdict in pairs:
        at_once.learn(prompt, verdict)
    assert learner(engine).to_bytes() == at_once.to_bytes()
    (row,) = rows(engine, "select boundary, pairs, position from learners")
    assert (row.boundary, row.pairs, row.position) == ("simple", 1_250, 1_250)


def test_both_directions_teach_the_boundary_below_and_weigh_by_their_sampling(
    engine: Engine,
) -> None:
    add(engine, [("Is it so?", "worse")], pi=0.5)
    add(engine, [("Why is it so?", "better")], direction="down", pi=0.25)
    add(engine, [("How is it so?", "tie")], boundary="standard", direction="down")
    assert learn(engine=engine, rules=RULES) == 3
    expected = LocalClassifier()
    expected.learn("Is it so?", "worse", 2.0)
    expected.learn("Why is it so?", "better", 4.0)
    assert learner(engine).to_bytes() == expected.to_bytes()
    assert learner(engine, "standard").pairs == 1


def test_unscored_unobserved_expired_and_foreign_pairs_teach_nothing(engine: Engine) -> None:
    add(engine, [("Seen by another judge", "worse")], judge_version="other/v1")
    add(engine, [("Not observed yet", "worse")], observed=False)
    add(engine, [("Its text is gone", "worse"), ("Learned", "tie")])
    with engine.begin() as connection:
        put.add_pair(connection, 77, None)
        connection.execute(
            text("delete from exchange_texts where request::text like '%Its text is gone%'")
        )
    assert learn(engine=engine, rules=RULES) == 1
    assert learner(engine).pairs == 1


def test_a_pair_that_two_judges_compared_is_learned_from_the_first(engine: Engine) -> None:
    with engine.begin() as connection:
        (pair,) = add_judged(connection, [("Judged twice", "worse")])
    learn(engine=engine, rules=RULES)
    with engine.begin() as connection:
        put.add_verdict(connection, pair, "tie", judge_version="new/v2")
        put.add_outcome(
            connection, 2, 0.0, exchange_id=pair, judge_version="new/v2", position=2, observation=2
        )
    after = LearnRules(RULES.boundaries, "new/v2", 1.0)
    assert learn(engine=engine, rules=after) == 0
    assert learner(engine).pairs == 1


def test_two_workers_at_once_learn_each_pair_once(engine: Engine) -> None:
    add(engine, list(prompts(600)))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: learn(engine=engine, rules=RULES), range(4)))
    learn(engine=engine, rules=RULES)  # whoever lost the lock left the rest to the next tick
    assert sum(counts) <= 600
    assert learner(engine).pairs == 600


def test_a_corrupt_working_classifier_is_learned_again_from_the_texts_that_are_left(
    engine: Engine,
) -> None:
    pairs = list(prompts(300))
    add(engine, pairs)
    learn(engine=engine, rules=RULES)
    before = learner(engine).to_bytes()
    with engine.begin() as connection:
        connection.execute(text("update learners set artefact = substring(artefact, 1, 5000)"))
    add(engine, [("One more", "tie")])
    assert learn(engine=engine, rules=RULES) == 301
    again = LocalClassifier.from_bytes(before)
    again.learn("One more", "tie")
    assert learner(engine).to_bytes() == again.to_bytes()
