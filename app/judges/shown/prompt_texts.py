"""The texts of a judge's prompt, cut so that all of it fits and nothing that decides is missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwatch.judges.shown.cutting import cut_mark, cut_to
from tierwatch.judges.shown.pieces import Part, Piece, question_pieces, tool_lines
from tierwatch.judges.shown.shares import rooms
from tierwatch.judges.shown.token_estimate import estimated_tokens
from tierwatch.judges.transcript import answer_text, readable
from tierwatch.judges.verdict import Answer, Question

# Shares of the room, out of the sum of those that are there. The answers have one share together.
_ANSWERS = 40.0
_TOOLS = 4.0
_SHARES: Mapping[Part, float] = {
    "system": 10.0,
    "task": 16.0,
    "newest": 16.0,
    "passages": 12.0,
    "form": 4.0,
    "program": 4.0,
    "earlier": 8.0,
}
# Prompts of a system say first what counts, questions and results first or last.
_HEADS: Mapping[Part, float] = {"system": 0.75, "program": 0.75, "form": 0.9}
# For a label and the lines between pieces.
_LABEL_TOKENS = 8
# A piece of the earlier conversation takes at most this share of its room, and below so many tokens
# it is left out: the newest ones should not all give way to one long listing.
_OF_EARLIER = 4
_LEAST_TOKENS = 40


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """What a judge is shown.

    Attributes:
        conversation: the question, but for its tools.
        answer_a: one answer.
        answer_b: the other one.
        tools: a line for each tool that was offered; empty where none was.
        left_out: characters left out, by part: those of `pieces.Part`, ``tools``, ``answer_a`` and
            ``answer_b``. Parts that are shown whole are not in it.
    """

    conversation: str
    answer_a: str
    answer_b: str
    tools: str
    left_out: Mapping[str, int]


def prompt_texts(question: Question, a: Answer, b: Answer, *, tokens: int) -> PromptTexts:
    """Show a pair in at most about so many tokens.

    Each part is cut in its own share, so that a long one cannot push out another. Both answers have
    the same room, whichever is longer and whichever comes first: a cut favours no side.

    Args:
        question: what was asked.
        a: one answer.
        b: the other one.
        tokens: room for all texts together.
    """
    pieces = [piece._replace(text=readable(piece.text)) for piece in question_pieces(question)]
    answers = [readable(answer_text(answer)) for answer in (a, b)]
    tools = readable(tool_lines(question.tools or ()))
    needs: Counter[str] = Counter()
    for piece in pieces:
        needs[piece.part] += _need(piece, tokens)
    of_answers = [estimated_tokens(text, tokens) for text in answers]
    needs["answers"] = sum(of_answers)
    needs["tools"] = estimated_tokens(tools, tokens)
    shares: dict[str, float] = {"answers": _ANSWERS, "tools": _TOOLS}
    shares |= {str(part): share for part, share in _SHARES.items()}
    given = rooms([needs[name] for name in shares], list(shares.values()), tokens)
    room = dict(zip(shares, given, strict=True))
    left_out: Counter[str] = Counter()
    conversation = _conversation(pieces, room, left_out)
    # One level for both: what the shorter one does not need is the longer one's.
    bounds = rooms(of_answers, (1.0, 1.0), room["answers"])
    cut_a, cut_b = map(cut_to, answers, bounds)
    cut_tools = cut_to(tools, room["tools"], head=1.0)
    left_out |= Counter(answer_a=cut_a.left_out, answer_b=cut_b.left_out, tools=cut_tools.left_out)
    return PromptTexts(conversation, cut_a.text, cut_b.text, cut_tools.text, dict(+left_out))


def _need(piece: Piece, most: int) -> int:
    return estimated_tokens(piece.text, most) + _LABEL_TOKENS


def _conversation(pieces: Sequence[Piece], room: Mapping[str, int], left_out: Counter[str]) -> str:
    """The pieces in their order, each in its room."""
    given = [0] * len(pieces)
    for part in _SHARES:
        places = [place for place, piece in enumerate(pieces) if piece.part == part]
        needs = [_need(pieces[place], room[part]) for place in places]
        fill = _newest_first if part == "earlier" else _alike
        for place, tokens in zip(places, fill(needs, room[part]), strict=True):
            given[place] = tokens
    shown: list[str] = []
    skipped = 0
    for piece, tokens in zip(pieces, given, strict=True):
        if tokens == 0:
            skipped += len(piece.text)
            left_out[piece.part] += len(piece.text)
            continue
        if skipped:
            shown.append(cut_mark(skipped).strip())
            skipped = 0
        cut = cut_to(piece.text, max(0, tokens - _LABEL_TOKENS), head=_HEADS.get(piece.part, 0.5))
        left_out[piece.part] += cut.left_out
        shown.append(f"{piece.label}\n{cut.text}")
    if skipped:
        shown.append(cut_mark(skipped).strip())
    return "\n\n".join(shown)


def _alike(needs: Sequence[int], total: int) -> list[int]:
    return rooms(needs, [1.0] * len(needs), total)


def _newest_first(needs: Sequence[int], total: int) -> list[int]:
    """Room for the newest pieces, and none for those that it does not reach."""
    if sum(needs) <= total:
        return list(needs)
    given = [0] * len(needs)
    left = total
    for place in reversed(range(len(needs))):
        tokens = min(needs[place], max(total // _OF_EARLIER, _LEAST_TOKENS), left)
        if tokens < min(needs[place], _LEAST_TOKENS):
            break
        given[place] = tokens
        left -= tokens
    return given
