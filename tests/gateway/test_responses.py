"""OpenAI's own client on the Responses wire, in front of providers of all three wires."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from fakes.provider import FakeProvider, Reply, http, json_reply, stream_reply
from fakes.waiting import until
from pydantic import BaseModel

from tierwatch.wire.chat import ChatAnswer, Extras, Part, Text, ToolCall, Turn
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

OURS = Extras("")
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
CODEX = Path(__file__).parents[3] / "shared/data/intake/openai_responses_request_codex.json"


def answer(*parts: Part, finish: str = "stop") -> ChatAnswer:
    turn = Turn("assistant", parts, plain=False, extras=OURS)
    return ChatAnswer("a_1", "served", 7, turn, finish, Usage(21, 2, 4), OURS)


def text(words: str) -> ChatAnswer:
    return answer(Text(words, OURS))


def call(call_id: str, name: str = "weather", **arguments: Any) -> ToolCall:
    return ToolCall(call_id, name, json.dumps(arguments), OURS)


class Provider:
    """A provider that answers as it is told, on its own wire, whole or as a stream."""

    def __init__(self, fake: FakeProvider) -> None:
        self.fake = fake
        self.wire = WIRES[fake.kind]

    def says(self, *answers: ChatAnswer, stream: bool = False, cut: int = 0) -> None:
        self.fake.replies += [self._reply(one, cut, stream=stream) for one in answers]

    def _reply(self, said: ChatAnswer, cut: int, *, stream: bool) -> Reply:
        whole = self.wire.write_reply(said)
        if not stream:
            return json_reply(whole)
        told = self.wire.whole_stream(whole, include_usage=True)
        events = [event + b"\n\n" for event in told.split(b"\n\n") if event]
        return stream_reply(*(events[:cut] if cut else events), cut=bool(cut))

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [request.json for request in self.fake.received]


@pytest.fixture(params=["openai", "anthropic", "responses"])
def provider(request: Any) -> Iterator[Provider]:
    with FakeProvider(request.param, json_reply({}, 500)).running() as fake:
        yield Provider(fake)


@pytest.fixture
def gateway(start_gateway: Any, provider: Provider) -> Any:
    return start_gateway(provider.fake, retry="{attempts: 0, escalate: false}")


@pytest.fixture
def client(gateway: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:
        yield client


def test_a_text(client: openai.OpenAI, provider: Provider, gateway: Any) -> None:
    provider.says(text("Paris."))
    response = client.responses.create(
        model="auto", instructions="Be brief.", input="Capital of France?", max_output_tokens=300
    )
    assert response.output_text == "Paris."
    assert response.status == "completed"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (21, 2)
    assert (response.usage.total_tokens, response.usage.input_tokens_details.cached_tokens) == (
        23,
        4,
    )
    assert "Be brief." in json.dumps(provider.asked)
    served = gateway.recorded.one()
    assert (served.answer["content"], served.prompt_tokens, served.finished) == (
        "Paris.",
        21,
        True,
    )
    assert (served.wire, served.request["input"]) == ("responses", "Capital of France?")


def test_a_stream(client: openai.OpenAI, provider: Provider, gateway: Any) -> None:
    provider.says(text("Paris."), stream=True)
    with client.responses.stream(model="auto", input="Capital of France?") as stream:
        kinds = [event.type for event in stream]
        response = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert response.output_text == "Paris."
    assert response.usage is not None
    assert response.usage.total_tokens == 23
    served = gateway.recorded.one()
    assert (served.answer["content"], served.finished, served.completion_tokens) == (
        "Paris.",
        True,
        2,
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_parallel_calls_in_a_loop_of_five_turns(
    client: openai.OpenAI, provider: Provider, gateway: Any, *, streamed: bool
) -> None:
    """Each turn's calls come back with their results, as every vendor demands them."""
    for turn in range(4):
        calls = call(f"call_{turn}a", city="Bern"), call(f"call_{turn}b", city="Rome")
        said = answer(Text("I look.", OURS), *calls, finish="tool_calls")
        provider.says(said, stream=streamed)
    provider.says(text("Sunny in both."), stream=streamed)
    items: list[Any] = [{"role": "user", "content": "Weather in Bern and Rome?"}]
    asked: Any = {"model": "auto", "tools": [WEATHER], "parallel_tool_calls": True}
    for _ in range(5):
        if streamed:
            with client.responses.stream(**asked, input=items) as stream:
                response: Any = stream.get_final_response()
        else:
            response = client.responses.create(**asked, input=items)
        items += [item.to_dict() for item in response.output]
        called = [item for item in response.output if item.type == "function_call"]
        for item in called:
            assert item.name == "weather"
            assert json.loads(item.arguments)["city"] in {"Bern", "Rome"}
            result = {"type": "function_call_output", "call_id": item.call_id, "output": "sunny"}
            items.append(result)
        if not called:
            break
        assert len(called) == 2
    assert response.output_text == "Sunny in both."
    assert len(provider.asked) == 5
    last = provider.asked[-1]
    assert json.dumps(last).count("sunny") == 8
    if provider.fake.kind == "openai":
        roles = [message["role"] for message in last["messages"]]
        assert roles == ["user", *(["assistant", "tool", "tool"] * 4)]
    if provider.fake.kind == "anthropic":
        assert [message["role"] for message in last["messages"]] == ["user", "assistant"] * 4 + [
            "user"
        ]
    assert [len(one.answer.get("tool_calls", ())) for one in gateway.recorded.exchanges[:4]] == [
        2
    ] * 4


class City(BaseModel):
    name: str
    population: int | None


def test_structured_output(client: openai.OpenAI, provider: Provider) -> None:
    provider.says(text('{"name": "Paris", "population": null}'))
    response = client.responses.parse(model="auto", input="Capital?", text_format=City)
    assert response.output_parsed == City(name="Paris", population=None)
    assert '"population"' in json.dumps(provider.asked).replace("\\", "")


def test_an_image(client: openai.OpenAI, provider: Provider) -> None:
    provider.says(text("A pixel."))
    pixel = base64.b64encode(b"\x89PNG").decode()
    content: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{pixel}", "detail": "low"},
    ]
    response = client.responses.create(model="auto", input=[{"role": "user", "content": content}])
    assert response.output_text == "A pixel."
    assert pixel in json.dumps(provider.asked)
    if provider.fake.kind == "openai":
        assert provider.asked[0]["messages"][0]["content"][1]["image_url"]["detail"] == "low"


def test_a_cut_stream_fails_with_a_sentence(
    client: openai.OpenAI, provider: Provider, gateway: Any
) -> None:
    words = {"openai": 2, "anthropic": 3, "responses": 5}  # events until the first of them
    provider.says(text("Paris."), stream=True, cut=words[provider.fake.kind])
    stream = client.responses.create(model="auto", input="Capital?", stream=True)
    events: list[Any] = list(stream)
    assert events[-1].type == "response.failed"
    assert events[-1].response.id == events[0].response.id
    assert events[-1].response.error.message
    assert not gateway.recorded.one().finished


def test_a_limit_is_an_incomplete_response(client: openai.OpenAI, provider: Provider) -> None:
    provider.says(answer(Text("Par", OURS), finish="length"), stream=True)
    events: list[Any] = list(client.responses.create(model="auto", input="Hi", stream=True))
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == "max_output_tokens"
    assert events[-1].response.output[0].content[0].text == "Par"


def test_an_error_has_openais_envelope(client: openai.OpenAI, provider: Provider) -> None:
    error = {"message": "No such parameter.", "type": "invalid_request_error", "param": "x"}
    body = {"error": error}
    if provider.fake.kind == "anthropic":
        body |= {"type": "error"}
    provider.fake.replies = [json_reply(body, 400)]
    with pytest.raises(openai.BadRequestError, match="No such parameter"):
        client.responses.create(model="auto", input="Hi")
    with pytest.raises(openai.NotFoundError, match="There is no model"):
        client.responses.create(model="gpt-17", input="Hi")
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.create(model="auto", input="Hi", background=True)
    with pytest.raises(openai.BadRequestError, match="at least one item"):
        client.responses.create(model="auto", input=[])


def test_on_one_wire_bytes_pass_but_for_the_model(start_gateway: Any) -> None:
    request = {
        "model": "auto",
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "é"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA=="},
            {"type": "hologram", "beam": 1},
            {"role": "user", "content": "Go on."},
        ],
        "tools": [{"type": "web_search"}, {"type": "namespace", "name": "clock", "tools": []}],
        "include": ["reasoning.encrypted_content"],
        "unheard_of": {"a": [1, 2]},
    }
    answered = b'{"id": "resp_9",  "object":"response", "output": [], "status":"completed" }'
    reply = json_reply({})
    with FakeProvider("responses", reply).running() as fake:
        gateway = start_gateway(fake)
        fake.replies = [http(200, answered)]
        response = gateway.client.post("/v1/responses", json={**request, "model": "model-simple"})
        assert response.content == answered
        assert fake.received[0].path == "/v1/responses"
        assert fake.received[0].json == {**request, "model": "model-simple"}


@pytest.mark.skipif(not CODEX.exists(), reason="the recorded requests are beside the repository")
@pytest.mark.parametrize("streamed", [False, True])
def test_a_recorded_request_of_codex(gateway: Any, provider: Provider, *, streamed: bool) -> None:
    [recorded] = json.loads(CODEX.read_text())
    sleep = {"type": "function", "name": "sleep", "parameters": SCHEMA}
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: LINE+"}
    patch = {"type": "custom", "name": "apply_patch", "description": "Edits.", "format": grammar}
    within = [sleep, {"type": "custom", "name": "exec"}]
    clock = {"type": "namespace", "name": "clock", "description": "Time.", "tools": within}
    more = {"type": "additional_tools", "role": "developer", "tools": [clock]}
    body = {**recorded["body"], "model": "auto", "stream": streamed}
    body["tools"] = [*body["tools"], patch]
    body["input"] = [more, *body["input"]]
    names = ("clock__sleep", "clock__exec", "apply_patch", "exec_command")
    given = {"input": "*** Begin\nPatch"}
    if provider.fake.kind == "responses":
        said = text("Untouched.")
    else:
        calls = [ToolCall(f"c{n}", name, json.dumps(given), OURS) for n, name in enumerate(names)]
        said = answer(*calls, finish="tool_calls")
    provider.says(said, stream=streamed)
    response = gateway.client.post("/v1/responses", json=body)
    assert response.status_code == 200
    [asked] = provider.asked
    if provider.fake.kind == "responses":
        assert asked == {**body, "model": "model-simple"}
        return
    tools = json.dumps(asked["tools"])
    assert all(name in tools for name in names)
    assert "start: LINE+" in tools
    if streamed:
        events = [
            json.loads(line.removeprefix("data: "))
            for line in response.text.splitlines()
            if line.startswith("data: ")
        ]
        done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        assert events[-1]["response"]["output"] == done
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
    else:
        done = response.json()["output"]
    kept = [
        {k: item[k] for k in ("type", "name", "namespace", "input", "call_id") if k in item}
        for item in done
    ]
    custom = {"type": "custom_tool_call", "input": given["input"]}
    assert kept == [
        {"type": "function_call", "name": "sleep", "namespace": "clock", "call_id": "c0"},
        {**custom, "name": "exec", "namespace": "clock", "call_id": "c1"},
        {**custom, "name": "apply_patch", "call_id": "c2"},
        {"type": "function_call", "name": "exec_command", "call_id": "c3"},
    ]
    assert all(item["status"] == "completed" for item in done)


def test_a_conversation_goes_on_by_the_id_of_its_response(
    client: openai.OpenAI, provider: Provider, gateway: Any
) -> None:
    provider.says(text("Paris."), text("2.1 million."), text("Berlin."))
    first = client.responses.create(model="auto", input="Capital of France?")
    second = client.responses.create(
        model="auto", input="How many live there?", previous_response_id=first.id
    )
    assert second.output_text == "2.1 million."
    asked = provider.asked[1]
    if provider.fake.kind == "responses":
        assert asked["previous_response_id"] == first.id
        assert asked["input"] == [{"role": "user", "content": "How many live there?"}]
    else:
        assert "previous_response_id" not in asked
        roles = [message["role"] for message in asked["messages"]]
        assert roles == ["user", "assistant", "user"]
        third = client.responses.create(
            model="auto", input="And Germany's?", previous_response_id=second.id, store=False
        )
        assert len(provider.asked[2]["messages"]) == 5
        with pytest.raises(openai.NotFoundError, match="not found"):
            client.responses.create(model="auto", input="x", previous_response_id=third.id)
    stored = gateway.recorded.exchanges[1].request
    assert [item["role"] for item in stored["input"]] == ["user", "assistant", "user"]


def test_what_goes_on_is_of_the_same_conversation_without_its_instructions(
    client: openai.OpenAI, provider: Provider, gateway: Any
) -> None:
    """Instructions hold for one request, so the next may come without those of the first."""
    provider.says(text("Paris."), text("Berlin."), text("Rome."), text("Oslo."))
    first = client.responses.create(
        model="auto", input="Capital of France?", instructions="Answer in one word, always."
    )
    second = client.responses.create(
        model="auto", input="Of Germany?", previous_response_id=first.id
    )
    client.responses.create(model="auto", input="Of Italy?", previous_response_id=second.id)
    client.responses.create(model="auto", input="Capital of Norway?")
    until(lambda: len(gateway.recorded.exchanges) == 4)
    names = [one.session for one in gateway.recorded.exchanges]
    assert len(set(names[:3])) == 1
    assert names[0].startswith("opening:")
    assert names[3] != names[0]


def test_a_streamed_response_is_gone_on_from_too(client: openai.OpenAI, provider: Provider) -> None:
    called = answer(call("c1", city="Bern"), finish="tool_calls")
    provider.says(called, text("Sunny."), stream=True)
    with client.responses.stream(model="auto", input="Weather?", tools=[WEATHER]) as stream:
        first = stream.get_final_response()
    output: Any = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    with client.responses.stream(
        model="auto", input=[output], previous_response_id=first.id, tools=[WEATHER]
    ) as stream:
        assert stream.get_final_response().output_text == "Sunny."
    said = json.dumps(provider.asked[1])
    assert ("Bern" in said) is (provider.fake.kind != "responses")
    assert "sunny" in said


def test_a_response_is_shown_and_forgotten(
    client: openai.OpenAI, provider: Provider, gateway: Any
) -> None:
    provider.says(text("Paris."))
    given = client.responses.create(model="auto", input="Capital of France?")
    kept = {"id": given.id, "object": "response", "output": [], "from": "the provider"}
    gone = {"id": given.id, "object": "response", "deleted": True}
    if provider.fake.kind == "responses":
        provider.fake.replies = [json_reply(kept), json_reply(gone)]
    shown = client.responses.retrieve(given.id)
    if provider.fake.kind == "responses":
        assert shown.to_dict() == kept
        assert provider.fake.received[1].path == f"/v1/responses/{given.id}"
        assert provider.fake.received[1].headers["authorization"] == "Bearer provider-key"
    else:
        assert shown.output_text == "Paris."
        assert shown.to_dict() == given.to_dict()
    client.responses.delete(given.id)
    with pytest.raises(openai.NotFoundError, match="not found"):
        client.responses.retrieve(given.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_" + "x" * 500)
    assert gateway.client.put(f"/v1/responses/{given.id}").status_code == 405
    assert gateway.client.get("/v1/responses/a/b").status_code == 404


def test_another_tier_gets_the_whole_conversation(start_gateway: Any) -> None:
    """What one provider keeps, another one is told."""
    low = Provider(FakeProvider("responses", json_reply({})))
    with low.fake.running(), FakeProvider("anthropic", json_reply({})).running() as other:
        high = Provider(other)
        gateway = start_gateway(low.fake, other, other)
        low.says(text("Paris."))
        high.says(text("2.1 million."))
        first = gateway.client.post("/v1/responses", json={"model": "simple", "input": "Capital?"})
        said = {
            "model": "complex",
            "input": "How many?",
            "previous_response_id": first.json()["id"],
        }
        second = gateway.client.post("/v1/responses", json=said)
        assert second.json()["output"][0]["content"][0]["text"] == "2.1 million."
        assert [message["role"] for message in high.asked[0]["messages"]] == [
            "user",
            "assistant",
            "user",
        ]
