"""The events of a Responses stream, one by one."""

from tierwatch.wire.openai_responses.events import Events, emptied_call, emptied_part

CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}
PATCH = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "p", "input": "***"}


def test_events_are_numbered_in_the_order_in_which_they_are_made() -> None:
    events = Events()
    assert events.made == 0
    [created, begun] = events.begun({"id": "r"})
    name, ended = events.ended({"id": "r", "status": "incomplete"})
    numbers = [payload["sequence_number"] for payload in (created[1], begun[1], ended)]
    assert numbers == [0, 1, 2]
    assert (name, events.made) == ("response.incomplete", 3)
    assert events.ended({"status": "in_progress"})[0] == "response.completed"


def test_a_delta_says_where_it_belongs() -> None:
    name, text = Events().part_delta(2, "msg_1", 1, "output_text", "Hi")
    assert name == "response.output_text.delta"
    place = (text["output_index"], text["item_id"], text["content_index"])
    assert place == (2, "msg_1", 1)
    assert (text["delta"], text["logprobs"]) == ("Hi", [])
    _, refusal = Events().part_delta(0, "msg_1", 0, "refusal", "No")
    assert "logprobs" not in refusal


def test_the_ends_of_calls_name_what_was_called() -> None:
    name, done = Events().arguments_done(0, CALL)
    assert name == "response.function_call_arguments.done"
    assert (done["arguments"], done["name"], done["item_id"]) == ("{}", "f", "fc_1")
    name, done = Events().arguments_done(0, PATCH)
    assert (name, done["input"]) == ("response.custom_tool_call_input.done", "***")
    assert Events().arguments_delta(0, PATCH, "*")[0] == "response.custom_tool_call_input.delta"


def test_what_begins_is_empty() -> None:
    assert emptied_call(CALL)["arguments"] == emptied_call(PATCH)["input"] == ""
    assert emptied_call(CALL)["status"] == "in_progress"
    assert emptied_part({"type": "output_text", "text": "Hi"})["text"] == ""
    assert emptied_part({"type": "refusal", "refusal": "No"})["refusal"] == ""
    assert emptied_part({"type": "smell"}) == {"type": "smell"}


def test_a_call_that_says_little_is_told_all_the_same() -> None:
    told = list(Events().whole(0, {"type": "function_call", "call_id": "c1"}))
    assert [name for name, _ in told] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
