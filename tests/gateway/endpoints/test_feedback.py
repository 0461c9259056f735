import json
import uuid

import pytest

from tierwatch.gateway.endpoints.feedback import read_feedback
from tierwatch.wire.refusal import Refusal


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        *(
            json.dumps(fields).encode()
            for fields in (
                {"request_id": "nonsense", "rating": "up"},
                {"request_id": str(uuid.UUID(int=1))},
                {"request_id": str(uuid.UUID(int=1)), "rating": "sideways"},
                {"request_id": str(uuid.UUID(int=1)), "rating": ["up"]},
                {"request_id": str(uuid.UUID(int=1)), "score": 1.01},
                {"request_id": str(uuid.UUID(int=1)), "score": True},
                {"request_id": str(uuid.UUID(int=1)), "score": "1"},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "rating": "up"},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "comment": 7},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "comment": "x" * 10_001},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "session": 7},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "other": 7},
                {"request_id": str(uuid.UUID(int=1)), "score": 1, "other": "x" * 513},
                {"request_id": str(uuid.UUID(int=1)), "score": 1}
                | {f"f{i}": "" for i in range(17)},
            )
        ),
    ],
)
def test_feedback_that_cannot_be_read_is_refused(body: bytes) -> None:
    refusal = read_feedback(body)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
