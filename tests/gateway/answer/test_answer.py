"""What a whole answer says."""

from factories.gateway_values import SIMPLE

from tierwatch.gateway.answer.answer import Said, Whole
from tierwatch.wire.first_choice import Reply
from tierwatch.wire.usage import Usage


def test_a_whole_answer_says_all_of_it() -> None:
    message = {"role": "assistant", "content": "Paris."}
    reply = Reply(message, "length", "small-1", 9, 2, cached_tokens=4)
    said = Whole(b"{}", reply, SIMPLE).said
    assert said == Said(message, "length", Usage(9, 2, 4), finished=True)
    assert (said.kept, said.characters) == (True, 0)


def test_what_the_head_tells_is_nothing_where_nobody_asked() -> None:
    reply = Reply({"role": "assistant", "content": "Paris."}, "stop", "small-1", 9, 2)
    assert Whole(b"{}", reply, SIMPLE).told == ()
