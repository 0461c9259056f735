"""Artefacts are kept for good; a version is like the one before but for one boundary."""

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.learned.artefacts import (
    add_artefact,
    add_model,
    artefact_at,
    load_artefact,
    model_artefacts,
    policies_of_other_models,
)


def added(connection: Connection, boundary: str = "simple", artefact: bytes = b"one") -> int:
    return add_artefact(
        connection, boundary, artefact=artefact, pairs=10, position=12, author="refit"
    )


def test_an_artefact_comes_back_as_it_was(connection: Connection) -> None:
    artefact_id = added(connection, artefact=bytes(range(256)))
    found = load_artefact(connection, artefact_id)
    assert found is not None
    assert found.artefact == bytes(range(256))
    assert (found.boundary, found.pairs, found.position) == ("simple", 10, 12)
    assert found.author == "refit"
    assert load_artefact(connection, artefact_id + 1) is None


def test_the_same_classifier_twice_is_two_artefacts(connection: Connection) -> None:
    assert added(connection) != added(connection)


def test_a_version_that_is_not_there_has_no_artefacts(connection: Connection) -> None:
    assert model_artefacts(connection, 0) == {}
    assert artefact_at(connection, 0, "simple") == 0


def test_a_version_inherits_the_other_boundaries(connection: Connection) -> None:
    low, high, better = added(connection), added(connection, "standard"), added(connection)
    first = add_model(connection, 0, "simple", low)
    second = add_model(connection, first, "standard", high)
    third = add_model(connection, second, "simple", better)
    assert (first, second, third) == (1, 2, 3)
    ids = [
        (artefact_at(connection, version, "simple"), artefact_at(connection, version, "standard"))
        for version in (first, second, third)
    ]
    assert ids == [(low, 0), (low, high), (better, high)]


def test_a_version_may_branch_off_an_older_one(connection: Connection) -> None:
    first = add_model(connection, 0, "simple", added(connection))
    second = add_model(connection, first, "standard", added(connection, "standard"))
    branch = add_model(connection, first, "simple", added(connection, artefact=b"anew"))
    assert branch == second + 1
    assert model_artefacts(connection, branch) == {"simple": b"anew"}
    assert set(model_artefacts(connection, second)) == {"simple", "standard"}


def test_policies_are_told_apart_by_who_decides_at_the_boundary(connection: Connection) -> None:
    artefact_id = added(connection)
    version = add_model(connection, 0, "simple", artefact_id)
    for number, classifier in ((1, 0), (2, version), (3, 0)):
        put.add_policy(connection, number)
        connection.execute(
            text("update policies set classifier = :model where version = :number"),
            {"model": classifier, "number": number},
        )

    def others(boundary: str, artefact: int) -> list[int]:
        found = connection.execute(policies_of_other_models(boundary, artefact)).scalars()
        return sorted(found)

    assert others("simple", 0) == [2]
    assert others("simple", artefact_id) == [1, 3]
    assert others("simple", 99) == [1, 2, 3]
    assert others("standard", 0) == []  # the version has no classifier there
