"""A hard task looks harder than an easy one: in any harness, on any wire, in ten languages."""

from typing import Any

import pytest
from factories.recorded_clients import claude_code_body, codex_turns

from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.wire.translation import library_request

THRESHOLD = 0.7
CLASSIFIER = HeuristicClassifier(["simple", "standard", "complex"])
EASY = ("hi", "What does ls do?")
HARD = (
    "Find the race condition in this kernel module and fix it without losing throughput.",
    "Design, implement and prove a lock-free scheduler with tests, then compare two variants.",
)


def suffices(chat: dict[str, Any]) -> tuple[float, float]:
    said = CLASSIFIER.classify(chat["messages"], tools=chat.get("tools"))
    assert said.confidences is not None
    return said.confidences["simple"], said.confidences["standard"]


def alone(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def in_claude_code(prompt: str, results: int = 0) -> dict[str, Any]:
    return library_request("anthropic", claude_code_body(prompt, results=results))


def in_codex(prompt: str) -> dict[str, Any]:
    _, _, body = next(iter(codex_turns(sessions=1, turns=1)))
    body["input"][-1]["content"][0]["text"] = prompt
    return library_request("responses", body)


@pytest.mark.parametrize("harness", [in_claude_code, lambda p: in_claude_code(p, 3), in_codex])
def test_a_harness_changes_little(harness: Any) -> None:
    """Each confidence moves by less than a tenth, the order of prompts not at all."""
    for prompt in (*EASY, *HARD):
        within, without = suffices(harness(prompt)), suffices(alone(prompt))
        assert within == pytest.approx(without, abs=0.1)
    easy = [suffices(harness(prompt)) for prompt in EASY]
    hard = [suffices(harness(prompt)) for prompt in HARD]
    # Far apart: the distance that .4 and .7 have, or more.
    assert min(easy)[0] - max(hard)[0] > 0.25
    assert all(standard < THRESHOLD <= other for _, standard in hard for _, other in easy)


def test_few_tools_are_there_to_be_called() -> None:
    ask = "Tell me the temperature in Oslo and in Bern right now please"
    chat = alone(ask)["messages"]
    one, many = [{}], [{}] * 4
    assert CLASSIFIER.classify(chat, tools=one).label == "simple"
    assert (
        CLASSIFIER.classify(chat, tools=one).confidence
        > CLASSIFIER.classify(chat, tools=many).confidence
    )


TASKS = {
    "English": (
        "Who wrote Hamlet?",
        "Prove that the algorithm terminates, derive its complexity, and compare two variants.",
    ),
    "German": (
        "Wer hat Hamlet geschrieben?",
        "Beweise, dass der Algorithmus terminiert, berechne die Laufzeit und vergleiche zwei Wege.",
    ),
    "French": (
        "Qui a écrit Hamlet ?",
        "Démontre que l'algorithme se termine, calcule la complexité et compare deux variantes.",
    ),
    "Spanish": (
        "¿Quién escribió Hamlet?",
        "Demuestra que el algoritmo termina, calcula su complejidad y compara dos variantes.",
    ),
    "Russian": (
        "Кто написал «Гамлета»?",
        "Докажи, что алгоритм завершается, вычисли сложность и подробно сравни два варианта.",
    ),
    "Chinese": (
        "谁写了《哈姆雷特》\uff1f",
        "证明该算法一定会终止\uff0c推导其时间复杂度\uff0c并详细比较它的两个变体。",
    ),
    "Japanese": (
        "ハムレットを書いたのは誰ですか。",
        "このアルゴリズムが必ず停止することを証明し、計算量を導出して、二つの変種を比較せよ。",
    ),
    "Korean": (
        "햄릿은 누가 썼나요?",
        "이 알고리즘이 종료됨을 증명하고 시간 복잡도를 계산한 뒤 두 변형을 자세히 비교하세요.",
    ),
    "Arabic": (
        "من كتب هاملت\u061f",
        "أثبت أن الخوارزمية تنتهي، واحسب تعقيدها، وقارن بالتفصيل بين نسختين منها.",
    ),
    "Thai": (
        "ใครเป็นคนเขียนแฮมเล็ต?",
        "จงพิสูจน์ว่าอัลกอริทึมนี้หยุดเสมอ คำนวณความซับซ้อน และเปรียบเทียบสองรูปแบบอย่างละเอียด",
    ),
}
UNREAD = {"Thai"}


@pytest.mark.parametrize("language", TASKS)
def test_hard_and_easy_differ_in_ten_languages(language: str) -> None:
    easy, hard = (suffices(alone(text)) for text in TASKS[language])
    assert easy[0] - hard[0] > (0.05 if language in UNREAD else 0.3)
    assert hard[1] < THRESHOLD
    if language in UNREAD:
        # Nearer to .5 than any threshold in use: not "simple", but "ask somebody else".
        assert all(abs(confidence - 0.5) < 0.2 for confidence in (*easy, *hard))
    else:
        assert easy[0] >= THRESHOLD


def test_a_learned_classifier_reads_the_same_task() -> None:
    for prompt in (*EASY, *HARD):
        chat = in_claude_code(prompt)
        assert routed_text(chat["messages"], tools=chat["tools"]) == f"{prompt}\n_tools_"
        late = in_claude_code(prompt, results=2)
        assert routed_text(late["messages"]) == f"{prompt}\n_results_"
    long = [*alone("Go on with it")["messages"], {"role": "assistant", "content": "x" * 20_001}]
    assert routed_text(long) == "Go on with it\n_long_"
