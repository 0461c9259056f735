import pytest

from tierwatch.client.answer import Answer


def test_what_has_come_is_taken_once() -> None:
    answer = Answer()
    assert answer.take() == b""
    answer.add(b"a")
    assert (answer.unread, answer.take()) == (1, b"a")
    answer.add(b"b")
    answer.add(b"cd")
    assert answer.unread == 3
    assert answer.take() == b"bcd"
    assert (answer.unread, answer.take()) == (0, b"")


def test_headers_are_found_by_name_whatever_their_case() -> None:
    answer = Answer()
    answer.fields += [(b"X-A", b"1"), (b"x-ab", b"no"), (b"x-a", b"2"), (b"y", b"\xe9")]
    assert answer.header("x-a") == "1, 2"
    assert answer.header("y") == "é"
    assert answer.header("z") == ""


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([], False),
        ([(b"Content-Length", b"0")], True),
        ([(b"Transfer-Encoding", b"chunked")], True),
        ([(b"transfer-encoding", b"gzip, Chunked")], True),
        ([(b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked ")], True),
        ([(b"transfer-encoding", b"gzip")], False),
        ([(b"transfer-encoding", b"chunked, gzip")], False),
        # Both together are refused; were they not, the length would not count.
        ([(b"content-length", b"9"), (b"transfer-encoding", b"gzip")], False),
    ],
)
def test_whether_an_answer_says_where_it_ends(
    fields: list[tuple[bytes, bytes]], *, says: bool
) -> None:
    answer = Answer()
    answer.fields += fields
    assert answer.says_its_end is says
