import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.client.address import Origin, header_lines, read_address


@pytest.mark.parametrize(
    ("url", "origin", "head"),
    [
        (
            "http://models.example",
            Origin(secure=False, host="models.example", port=80),
            "POST / HTTP/1.1\r\nhost: models.example\r\n",
        ),
        (
            "https://Models.Example:443/v1/chat",
            Origin(secure=True, host="models.example", port=443),
            "POST /v1/chat HTTP/1.1\r\nhost: models.example\r\n",
        ),
        (
            "https://models.example:8443/v1?api-version=2024-06&x=a%20b",
            Origin(secure=True, host="models.example", port=8443),
            "POST /v1?api-version=2024-06&x=a%20b HTTP/1.1\r\nhost: models.example:8443\r\n",
        ),
        (
            "http://[2001:DB8::1]:8000/v1",
            Origin(secure=False, host="2001:db8::1", port=8000),
            "POST /v1 HTTP/1.1\r\nhost: [2001:db8::1]:8000\r\n",
        ),
        (
            "http://bücher.example/größe",
            Origin(secure=False, host="xn--bcher-kva.example", port=80),
            "POST /gr%C3%B6%C3%9Fe HTTP/1.1\r\nhost: xn--bcher-kva.example\r\n",
        ),
    ],
)
def test_an_address_is_taken_apart(url: str, origin: Origin, head: str) -> None:
    address = read_address(url, {})
    assert address.origin == origin
    assert address.head.decode() == head


def test_its_headers_are_sent_in_order() -> None:
    address = read_address("http://a", {"Authorization": "Bearer x", "accept": "*/*"})
    assert address.head.endswith(b"host: a\r\nAuthorization: Bearer x\r\naccept: */*\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.example/v1",
        "ftp://models.example",
        "http://",
        "http://a:0",
        "http://a:99999",
        "http://user:secret@a",
        "http://a/\r\nx: y",
        "http://a/v 1",
        "http://a\tb",
        "http://a\x00b",
        "http://" + "ü" * 64 + ".example",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_address(url, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\nb: c"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\x00b"),
        ("x", "a\x7f"),
        ("x y", "a"),
        ("x:", "a"),
        ("x\r\ny", "a"),
        ("", "a"),
        ("x-ü", "a"),
        ("Content-Length", "7"),
        ("transfer-encoding", "chunked"),
        ("Host", "elsewhere"),
        ("connection", "close"),
    ],
)
def test_a_header_that_would_not_stay_one_line_or_is_ours(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        header_lines({name: value})
    assert repr(value) not in str(caught.value)


def test_a_value_may_hold_tabs_and_other_scripts() -> None:
    assert header_lines({"x": "a\tb", "y": "ключ"}) == "x: a\tb\r\ny: ключ\r\n".encode()


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_each_header_is_one_line_or_refused(headers: dict[str, str]) -> None:
    try:
        lines = header_lines(headers)
    except ValueError:
        return
    assert lines.count(b"\r") == lines.count(b"\n") == lines.count(b"\r\n") == len(headers)


@given(st.text(max_size=40))
def test_a_head_is_two_lines_or_the_address_is_refused(rest: str) -> None:
    try:
        head = read_address(f"http://a{rest}", {}).head
    except ValueError:
        return
    request_line, host, end = head.split(b"\r\n")
    assert request_line.count(b" ") == 2
    assert host.count(b" ") == 1
    assert end == b""
    assert b"\n" not in request_line + host
