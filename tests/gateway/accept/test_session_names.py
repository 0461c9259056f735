import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.accept.session_names import named_session

UUID = "6b1f9c04-3a77-4d51-9a4e-0c2f7d7ce001"
CHAT: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    "header",
    [
        "x-session-id",
        "x-claude-code-session-id",
        "session-id",
        "session_id",
        "x-session-affinity",
        "x-opencode-session",
        "x-conversation-id",
        "conversation_id",
        "thread-id",
        "x-openwebui-chat-id",
        "x-litellm-session-id",
        "helicone-session-id",
        # Of a vendor nobody has heard of yet.
        "x-newcomer-session-id",
        "x-litellm-trace-id",
    ],
)
def test_a_header_that_a_client_sends_names_the_conversation(header: str) -> None:
    assert named_session({header.encode(): b" c-1 "}, CHAT) == "c-1"
    assert named_session({header.encode(): b"  "}, CHAT) == ""


@pytest.mark.parametrize(
    "baggage",
    [
        b"langfuse_session_id=c-1",
        b"userId=7,langfuse_session_id=c-1;p=1,other=2",
        b"a=b, session.id = c-1",
    ],
)
def test_baggage_that_travels_with_a_trace_may_name_it(baggage: bytes) -> None:
    assert named_session({b"baggage": baggage}, CHAT) == "c-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"conversation": "c-1"},
        {"conversation": {"id": "c-1"}},
        {"session_id": "c-1"},
        {"litellm_session_id": "c-1"},
        {"langfuse_session_id": "c-1"},
        {"thread_id": "c-1"},
        {"metadata": {"session_id": "c-1"}},
        {"metadata": {"langfuse_session_id": "c-1"}},
        {"metadata": {"conversationId": "c-1"}},
        {"metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "c-1"})}},
        {"metadata": {"user_id": json.dumps({"session_id": "c-1"}, separators=(",", ":"))}},
        {"metadata": {"user_id": {"session_id": "c-1"}}},
        {"client_metadata": {"session_id": "c-1", "turn_id": "t"}},
        {"litellm_metadata": {"session_id": "c-1"}},
        {"litellm_trace_id": "c-1"},
        {"user": "c-1"},
    ],
)
def test_a_field_that_a_client_sends_names_the_conversation(fields: dict[str, Any]) -> None:
    assert named_session({}, {**CHAT, **fields}) == "c-1"


def test_a_users_id_with_a_session_behind_it_gives_the_session_alone() -> None:
    user_id = f"user_{'a' * 64}_account_{UUID[::-1]}_session_{UUID}"
    assert named_session({}, {**CHAT, "metadata": {"user_id": user_id}}) == UUID


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"metadata": None, "user": None, "conversation": None},
        {"metadata": {"user_id": "user-7"}},
        {"metadata": {"user_id": 7, "tierwatch_cache": "no-store"}},
        {"safety_identifier": "user-7"},
        {"conversation": {"id": ["x"]}, "session_id": {}, "metadata": {"session_id": True}},
        {"prompt_cache_key": "support-bot-v2"},
        {"client_metadata": "x", "litellm_metadata": [1]},
        {"user": " "},
    ],
)
def test_what_names_a_person_or_a_program_names_no_conversation(fields: dict[str, Any]) -> None:
    assert named_session({}, {**CHAT, **fields}) == ""


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (UUID, True),
        (UUID.replace("-", ""), True),
        (f"agent:{UUID}", False),
        (f"tenant-{UUID}", False),
        (f"user:{UUID}:support-bot", False),
        (hashlib.md5(b"prompt", usedforsecurity=False).hexdigest(), False),
        (hashlib.sha256(b"prompt").hexdigest(), False),
        ("01J9ZQ6X3V8K2M4N6P8R0S2T4V", True),
        ("ses_4f2aXw9kQ", True),
        ("conversation-7", True),
        ("thread:7", True),
        ("support-bot-v2", False),
        ("sessions", False),
        ("customersupportbotversion2withtools", False),
        ("", False),
    ],
)
def test_a_cache_key_is_a_name_only_where_it_is_of_one_conversation(
    key: str,
    names: bool,  # noqa: FBT001 - pytest's
) -> None:
    assert named_session({}, {**CHAT, "prompt_cache_key": key}) == (key if names else "")


@pytest.mark.parametrize(
    ("headers", "fields", "counts"),
    [
        # The gateway's own before what a client sends by itself.
        ({b"x-session-id": b"ours", b"x-claude-code-session-id": b"its"}, {}, "ours"),
        ({b"session-id": b"s", b"thread-id": b"t"}, {"prompt_cache_key": UUID}, "s"),
        ({b"x-claude-code-session-id": b"h"}, {"metadata": {"session_id": "b"}}, "h"),
        # One conversation before all of a person's, and before one run of an agent.
        ({}, {"user": "u", "litellm_session_id": "s"}, "s"),
        ({}, {"user": "u", "metadata": {"langfuse_session_id": "s"}}, "s"),
        ({b"x-litellm-trace-id": b"run"}, {"metadata": {"session_id": "s"}}, "s"),
        ({b"x-litellm-trace-id": b"run"}, {"user": "u"}, "u"),
        # As it has been from the first release.
        ({}, {"user": "u", "metadata": {"session_id": "s"}}, "u"),
        ({}, {"conversation": "conv", "prompt_cache_key": UUID}, "conv"),
        # Where a conversation came from is another one.
        ({b"x-parent-session-id": b"parent"}, {}, ""),
        ({b"x-parent-session-id": b"parent", b"x-session-id": b"child"}, {}, "child"),
    ],
)
def test_the_most_exact_name_counts(
    headers: dict[bytes, bytes], fields: dict[str, Any], counts: str
) -> None:
    assert named_session(headers, {**CHAT, **fields}) == counts


def test_a_number_is_a_name_too() -> None:
    assert named_session({}, {**CHAT, "metadata": {"chat_id": 42}}) == "42"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(
    fields=st.dictionaries(
        st.sampled_from(["metadata", "user", "conversation", "prompt_cache_key", "session_id"]),
        anything,
    ),
    user_id=anything,
    header=st.binary(max_size=30),
)
def test_whatever_is_sent_gives_a_text(fields: dict[str, Any], user_id: Any, header: bytes) -> None:
    request = {**CHAT, **fields, "client_metadata": {"user_id": user_id}}
    named = named_session({b"x-session-id": header, b"baggage": header}, request)
    assert isinstance(named, str)
    assert named == named.strip()
