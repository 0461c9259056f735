"""Any value of a class of evidence, and any JSON, as hypothesis draws them."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.rates.estimate import Estimate

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
ESTIMATES = st.builds(
    Estimate,
    value=st.none() | NUMBERS,
    low=NUMBERS | st.just(float("-inf")),
    high=NUMBERS | st.just(float("inf")),
    n=WHOLE,
    method=st.text(max_size=5),
)
# Of so many gold pairs, so many right: the class refuses more right than there are.
JUDGED = st.builds(lambda right, n: (right * n, n), st.floats(0, 1), st.floats(0, 1e9))
JUDGE_ERRORS = st.builds(lambda bad, good: JudgeErrors(*bad, *good), JUDGED, JUDGED)

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([10**400, -(2**63), 2**63, 0.5, [], {}, "nan", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a field of a document may have."""
    known = {
        float: NUMBERS,
        int: WHOLE,
        str: st.text(max_size=5),
        bool: st.booleans(),
        types.NoneType: st.none(),
        Estimate: ESTIMATES,
        JudgeErrors: JUDGE_ERRORS,
    }
    if hint in known:
        return known[hint]
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{one.name: values_of(hints[one.name]) for one in fields(hint)})
    origin, of = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(of)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values_of, of))
    if origin is tuple:
        several = st.lists(values_of(of[0]), max_size=3).map(tuple)
        return several if of[1:] == (...,) else st.tuples(*map(values_of, of))
    assert origin is Mapping, hint
    return st.dictionaries(st.text(max_size=5), values_of(of[1]), max_size=3)


def through_database(document: dict[str, object]) -> Any:
    """A document as it comes back: through text that has no NaN and no Infinity."""
    return json.loads(json.dumps(document, allow_nan=False))


def read_back(written: Document) -> Document:
    """What is read of what was written."""
    return type(written).from_json(through_database(written.to_json()))


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document, its own first."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    found = [at]
    if isinstance(document, dict | list):
        for name, value in inner:
            found += places(value, (*at, name)) if isinstance(value, dict | list) else [(*at, name)]
    return found


def broken(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at a path; with ``...`` the key is gone."""
    if not at:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    if len(at) == 1 and value is ...:
        del copy[at[0]]
    else:
        copy[at[0]] = broken(document[at[0]], at[1:], value)
    return copy


def reads_or_refuses(of: type[Document], document: Any) -> bool:
    """Whether a document is read; any error but the one that says it is not readable goes on."""
    try:
        of.from_json(document)
    except UnreadableEvidenceError:
        return False
    return True
