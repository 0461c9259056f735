"""One active version of the types; a version of the model has one artefact a boundary."""

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from tierwatch.store.schema.learned import ModelRow, TaskTypesRow


def types(version: int, *, active: bool) -> dict[str, object]:
    return {
        "version": version,
        "artefact": b"",
        "names": [],
        "evidence": {},
        "mapping": {},
        "active": active,
    }


def test_any_number_of_versions_rest_and_one_is_active(connection: Connection) -> None:
    for version, active in ((1, False), (2, False), (3, True)):
        connection.execute(insert(TaskTypesRow).values(types(version, active=active)))
    with pytest.raises(IntegrityError, match="uq_task_types_active"), connection.begin_nested():
        connection.execute(insert(TaskTypesRow).values(types(4, active=True)))


def test_a_version_has_one_artefact_at_a_boundary(connection: Connection) -> None:
    for boundary in ("simple", "standard"):
        connection.execute(insert(ModelRow).values(version=1, boundary=boundary, artefact_id=1))
    with pytest.raises(IntegrityError, match="pk_classifier_models"), connection.begin_nested():
        connection.execute(insert(ModelRow).values(version=1, boundary="simple", artefact_id=2))
