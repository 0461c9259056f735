"""Each value has the fields that its table has columns for, of the same types."""

import datetime as dt
import types
import typing
import uuid
from dataclasses import dataclass, fields

import pytest
from sqlalchemy.dialects import postgresql

from tierwatch.store.certificates import Certificate
from tierwatch.store.judgements.bursts import SampledBurst
from tierwatch.store.judgements.monitors import Monitor
from tierwatch.store.judgements.outcomes import Outcome
from tierwatch.store.learned.artefacts import Artefact
from tierwatch.store.learned.learners import Learner
from tierwatch.store.learned.refits import Refit
from tierwatch.store.pages.lists import AuditLine, InForce, PolicyLine
from tierwatch.store.pages.pair import Attempt, Verdict
from tierwatch.store.people.accounts import User
from tierwatch.store.people.sessions import Session
from tierwatch.store.people.tokens import Token
from tierwatch.store.policies import ActiveVersions
from tierwatch.store.schema.bursts import BurstRow
from tierwatch.store.schema.checks import CertificateRow
from tierwatch.store.schema.declarative import Base
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import MonitorRow, OutcomeRow, VerdictRow
from tierwatch.store.schema.learned import ArtefactRow, LearnerRow, RefitRow
from tierwatch.store.schema.people import AuditRow, SessionRow, TokenRow, UserRow
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow
from tierwatch.store.schema.values import field_names, select_fields
from tierwatch.store.schema.work import AttemptRow
from tierwatch.store.traffic.exchanges import Exchange

VALUES = [
    (ActiveVersions, ActivePolicyRow),
    (Artefact, ArtefactRow),
    (Attempt, AttemptRow),
    (AuditLine, AuditRow),
    (Certificate, CertificateRow),
    (Exchange, ExchangeRow),
    (InForce, ActivePolicyRow),
    (Learner, LearnerRow),
    (Monitor, MonitorRow),
    (Outcome, OutcomeRow),
    (PolicyLine, PolicyRow),
    (Refit, RefitRow),
    (SampledBurst, BurstRow),
    (Session, SessionRow),
    (Token, TokenRow),
    (User, UserRow),
    (Verdict, VerdictRow),
]
PYTHON_TYPES = {
    postgresql.JSONB: (dict, list),
    bytes: (bytes,),
}


@pytest.mark.parametrize(("value", "table"), VALUES, ids=lambda one: one.__name__)
def test_a_field_has_the_type_of_its_column(value: type, table: type[Base]) -> None:
    hints = typing.get_type_hints(value)
    for field in fields(value):
        column = table.__table__.columns[field.name]
        plain, nullable = _without_none(hints[field.name])
        assert nullable == column.nullable, field.name
        if isinstance(column.type, postgresql.JSONB):
            assert (typing.get_origin(plain) or plain) in {dict, list}, field.name
        else:
            assert plain is column.type.python_type, field.name


def _without_none(hint: object) -> tuple[object, bool]:
    """A hint without ``| None``, and whether that was there."""
    if not isinstance(hint, types.UnionType):
        return hint, False
    rest = [part for part in typing.get_args(hint) if part is not types.NoneType]
    assert len(rest) == 1
    return rest[0], True


@dataclass(frozen=True, slots=True)
class _Odd:
    role: str
    name: str


def test_columns_come_in_the_order_of_the_fields() -> None:
    from tierwatch.store.schema.people import UserRow

    assert [column.name for column in select_fields(_Odd, UserRow).selected_columns] == [
        "role",
        "name",
    ]
    assert field_names(_Odd) == "role, name"


def test_a_field_without_a_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="role"):
        select_fields(_Odd, ArtefactRow)


def test_no_value_may_change() -> None:
    for value, _ in VALUES:
        assert value.__dataclass_params__.frozen, value
        assert hasattr(value, "__slots__"), value


def test_moments_are_with_a_time_zone() -> None:
    for table in {table for _, table in VALUES}:
        for column in table.__table__.columns:
            if column.type.python_type is dt.datetime:
                assert column.type.timezone, column
            assert column.type.python_type is not uuid.UUID or column.type.as_uuid
