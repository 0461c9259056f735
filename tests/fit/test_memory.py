"""What refusals taught of deployments."""

import threading

from tierwatch.fit.lesson import Lesson
from tierwatch.fit.memory import Memory
from tierwatch.routing.facts import Facts
from tierwatch.routing.tiers import Deployment, Price, Tier

KEY = ("openai", "gpt-4o")
SEED = Lesson("parameter", "seed", without=frozenset({"seed"}))
HOUR_S = 3_600


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limit(tokens: int) -> Lesson:
    return Lesson("parameter", "max_tokens", Facts(output=tokens))


def test_a_deployment_nobody_configured_is_known_by_its_name() -> None:
    known = Memory().known(KEY, "openai")
    assert known.takes.facts.output == 16_384
    assert known.lacks.context == 128_000


def test_the_deployments_of_a_tier_are_its_model_whatever_they_are_called() -> None:
    place = Deployment("azure", "prod-1", Price(1, 1))
    takes = Facts(output=5)
    tier = Tier("simple", "gpt-5", "azure", Price(1, 1), deployments=(place,), takes=takes)
    facts = Memory([tier]).known(("azure", "prod-1"), "openai").takes.facts
    assert (facts.output, facts.limit) == (5, "max_completion_tokens")
    assert Memory([tier]).known(("azure", "gpt-5"), "openai").takes.facts.output == 128_000


def test_a_lesson_is_for_its_deployment_and_wire_alone() -> None:
    memory = Memory()
    memory.learn(KEY, "openai", SEED)
    assert memory.known(KEY, "openai").takes.without == {"seed"}
    assert memory.known(("azure", "gpt-4o"), "openai").takes.without == frozenset()
    assert memory.known(KEY, "responses").takes.without == frozenset()


def test_a_lesson_ends() -> None:
    clock = Clock()
    memory = Memory(clock=clock)
    memory.learn(KEY, "openai", SEED)
    clock.now = HOUR_S - 1
    memory.learn(KEY, "openai", limit(100))
    assert memory.known(KEY, "openai").takes.without == {"seed"}
    clock.now = HOUR_S
    assert memory.known(KEY, "openai").takes.without == frozenset()
    assert memory.known(KEY, "openai").takes.facts.output == 100
    clock.now = 2 * HOUR_S
    assert memory.known(KEY, "openai").takes.facts.output == 16_384


def test_a_lesson_that_did_not_help_is_forgotten() -> None:
    memory = Memory()
    memory.learn(KEY, "openai", SEED)
    memory.unlearn(KEY, "openai", SEED)
    memory.unlearn(KEY, "openai", SEED)
    assert memory.known(KEY, "openai").takes == Memory().known(KEY, "openai").takes


def test_the_newer_of_two_lessons_holds() -> None:
    memory = Memory()
    memory.learn(KEY, "openai", limit(100))
    memory.learn(KEY, "openai", limit(50))
    assert memory.known(KEY, "openai").takes.facts.output == 50
    memory.learn(KEY, "openai", limit(100))
    assert memory.known(KEY, "openai").takes.facts.output == 100


def test_a_provider_cannot_fill_the_memory() -> None:
    memory = Memory()
    for number in range(500):
        name = f"field_{number}"
        memory.learn(KEY, "openai", Lesson("parameter", name, without=frozenset({name})))
    kept = memory.known(KEY, "openai").takes.without
    assert len(kept) == 24
    assert "field_499" in kept
    for number in range(3_000):
        memory.known(("openai", f"model-{number}"), "openai")
    assert len(memory._known) <= 1_000
    assert memory.known(KEY, "openai") is not None


def test_threads_may_share_it() -> None:
    memory, wrong = Memory(), []

    def work(number: int) -> None:
        for _ in range(200):
            memory.learn(KEY, "openai", limit(number))
            if memory.known(KEY, "openai").takes.facts.output not in {16_384, 1, 2, 3, 4}:
                wrong.append(number)  # pragma: no cover - only where it fails
            memory.unlearn(KEY, "openai", limit(number))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert memory.known(KEY, "openai").takes.facts.output == 16_384
