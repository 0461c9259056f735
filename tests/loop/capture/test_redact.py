import base64
import gzip
import hashlib
import json
import math
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import SettingsError
from tierwatch.loop.capture.redact import load_redactor, redact, redact_json, storable

TRAFFIC = Path(__file__).parents[4] / "shared" / "data" / "traffic_dev.jsonl.gz"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "MIIEowIBAAKCAQEA7bq98Cj1kXQzv0Yw8YhQ3fWc2Jm5nTqLr6sUuVvWwXxYyZz0\n" * 3
    + "q1w2e3=\n-----END RSA PRIVATE KEY-----"
)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail jo.doe+x@mail.example.co.uk.", "Mail [EMAIL]."),
        ("josé@example.fr", "[EMAIL]"),
        ("メールはfoo@example.comまで", "メールは[EMAIL]まで"),
        ("<jo@example.org>, (al@example.org)", "<[EMAIL]>, ([EMAIL])"),
        ("mailto:jo@example.org?subject=x", "mailto:[EMAIL]?subject=x"),
        ("+49 151 2345 6789", "[PHONE]"),
        ("call +14155550123!", "call [PHONE]!"),
        ("+44 (20) 7946 0958", "[PHONE]"),
        ("(415) 555-0132 or 415.555.0132 or 1-800-555-0199", "[PHONE] or [PHONE] or [PHONE]"),
        ("Tel: 030 1234567", "Tel: [PHONE]"),
        ("my phone number is 98765 43210.", "my phone number is [PHONE]."),
        ("電話+81 3 1234 5678まで", "電話[PHONE]まで"),
        ("4111 1111 1111 1111", "[CARD]"),
        ("pay 5500-0000-0000-0004 exp 12/28", "pay [CARD] exp 12/28"),
        ("378282246310005 and 3782 822463 10005", "[CARD] and [CARD]"),
        ("30569309025904", "[CARD]"),
        ("4111111111111111,5555555555554444", "[CARD],[CARD]"),
        # A number of the right form that is no card must not hide the card that overlaps it.
        ("4000 4111 1111 1111 1111", "4000 [CARD]"),
        ("key sk-proj-abcdefghijklmnop1234567890", "key [KEY]"),
        ("sk-ant-api03-AbCdEfGhIjKlMnOpQrSt", "[KEY]"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[KEY]"),
        ("AKIAIOSFODNN7EXAMPLE", "[KEY]"),
        ("ghp_abcdefghijklmnopqrstuvwxyzABCDEF0123", "[KEY]"),
        ("xoxb-123456789012-abcdefghij", "[KEY]"),
        (f"token={JWT};", "token=[KEY];"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [KEY]"),
        (PEM, "[KEY]"),
        (json.dumps(PEM), '"[KEY]"'),
        (PEM.partition("-----END")[0].rstrip() + "\nthe rest", "[KEY]\nthe rest"),
    ],
)
def test_replaces(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "begins",
    [
        *("sk-", "sk_", "rk_live_", "pk_live_", "rk_test_", "pk_test_", "AKIA", "ASIA"),
        *("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-"),
        *(f"xox{kind}-" for kind in "abeoprs"),
        *("AIza", "hf_"),
    ],
)
def test_a_secret_is_known_by_how_it_begins(begins: str) -> None:
    secret = begins + "A1B2C3D4E5F6G7H8" + ("I9J0K1L2M3N4O5P6Q7R8" if begins[0] != "A" else "")
    secret = f"{begins}{'A1B2C3D4E5' * 4}"[:39] if begins == "AIza" else secret
    assert redact(f"It is {secret}.") == "It is [KEY]."


@given(st.text(st.sampled_from("0123456789 +-.()4xt:Tel"), max_size=40))
def test_what_has_too_few_digits_for_a_number_holds_none(text: str) -> None:
    digits = " z1z2z3z4z5z6z7z"  # no number, and enough of them to be looked at
    assert redact(text + digits) == redact(text) + digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-08-06 12:30:05 and 2024-08-06T12:30:05.123456+01:00",
        "1732406400123 ms, 1732406400123456789 ns",
        "192.168.100.200, 255.255.255.0, 2001:0db8:85a3::8a2e:0370:7334",
        "3.141592653589793238462643, 0.4111111111111111, 1e+1234567890",
        "x = a+1234567890; 5 + 12345678 - 555 * 1000",
        "4111111111111112 and 41111111111111111111",  # Luhn fails; too long
        "9876543210987654",  # passes no brand
        "550e8400-e29b-41d4-a716-446655440000",
        "12,345,678.90 and 100 000 000",
        "decorators: @app.route('/x'), y = W@x.mean(), git@github.com:a/b.git, user@localhost",
        "x@foo.bar.mean(0)",
        "sk-loading-spinner-container-element",
        "the bearer responsibilities-and-duties",
        "-----BEGIN PRIVATE KEY----- is how such a file starts",
        "cell 12, mobile 1920x1080, tel",
        "ISBN 978-3-16-148410-0",
        "[EMAIL] [PHONE] [CARD] [KEY]",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert redact(text) == text


FRAGMENTS = st.sampled_from(
    [
        "jo@example.org", "a@b.co", "@", ".", "-", " ", "+", "(", ")", "[", "]", "\n", "x", "9",
        "+49 151 2345 6789", "415-555-0132", "Tel: ", "030 1234567", "4111 1111 1111 1111",
        "4111111111111111", "4000 ", "5", "1234", "sk-proj-abcdefghijklmnop1234567890", "Bearer ",
        "abcdef0123456789abcdef", JWT, PEM, "-----BEGIN PRIVATE KEY-----", "[KEY]", "[PHONE]",
        "[EMAIL]", "[CARD]", "AKIAIOSFODNN7EXAMPLE", "eyJ", "_", "%", "é", "は",
    ]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(FRAGMENTS, max_size=12).map("".join)))
@settings(max_examples=600, deadline=None)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a", "1", "1 ", "a.", "a@", "a@a.", "@a.a", "4000 ", "4111-", "+1", "+1 (", "(2", "555-",
        "eyJ", "eyJaaaaaaaaa.", "eyJaaaaaaaa.eyJaaaa", "sk-", "sk-a", "sk-_", "Bearer ", "Bearer a",
        "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA\n",
        "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,\n", "Tel: ", "phone number is 1 ", "\\n", "=",
        "xoxb-", "gh_", "data:image/png;base64,", "data:a/a;a=a;", "[KEY]",
    ],
)  # fmt: skip
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    text = (piece * 200_000)[:200_000]
    began = time.process_time()
    redact_json(text)
    # 0.02-0.35 s where this was written; a quadratic pattern takes minutes.
    assert time.process_time() - began < 4.0


@pytest.mark.skipif(not TRAFFIC.exists(), reason="recorded traffic is not on this machine")
def test_leaves_real_traffic_alone() -> None:
    altered = texts = 0
    with gzip.open(TRAFFIC, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 5:
                continue
            exchange = json.loads(line)
            found = [message["content"] for message in exchange["messages"]]
            found += [answer["text"] for answer in exchange["answers"].values()]
            altered += sum(redact(text) != text for text in found)
            texts += len(found)
    assert texts > 8_000
    # 22 of all 44,168: 20 true e-mail addresses, a true telephone number, an integer like a card.
    assert altered / texts < 0.002


def test_redact_json_walks_texts_and_keys_and_keeps_the_rest() -> None:
    request = {
        "model": "auto",
        "temperature": 0.5,
        "stream": True,
        "stop": None,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "I am jo@example.org"}]}
        ],
        "metadata": {"jo@example.org": "+49 151 2345 6789"},
        "tools": (),
    }
    assert redact_json(request) == {
        "model": "auto",
        "temperature": 0.5,
        "stream": True,
        "stop": None,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "I am [EMAIL]"}]}],
        "metadata": {"[EMAIL]": "[PHONE]"},
        "tools": [],
    }
    assert request["metadata"] == {"jo@example.org": "+49 151 2345 6789"}  # input is not changed


def test_redact_json_uses_the_redactor_it_is_given() -> None:
    assert redact_json({"a": ["b"]}, str.upper) == {"A": ["B"]}


def test_pictures_sound_and_files_become_marks() -> None:
    data = bytes(range(256)) * 40
    encoded = base64.b64encode(data).decode()
    digest = hashlib.sha256(data).hexdigest()[:12]
    mark = f"[IMAGE sha256:{digest} 10240 bytes]"
    assert redact_json({"url": f"data:image/png;base64,{encoded}"}) == {"url": mark}
    assert redact_json(f"![x](data:image/png;base64,{encoded}) jo@a.org") == f"![x]({mark}) [EMAIL]"
    as_data = mark.replace("IMAGE", "DATA")
    assert (
        redact_json({"file_data": f"data:application/pdf;base64,{encoded}"})["file_data"] == as_data
    )
    assert redact_json({"data": encoded, "format": "wav"}) == {"data": as_data, "format": "wav"}
    assert redact_json(mark) == mark
    broken = redact_json("data:image/png;base64,AAA")
    assert broken.startswith("[IMAGE sha256:")
    assert broken.endswith(" 3 bytes]")


def test_bottomless_nesting_ends() -> None:
    value: object = "jo@example.org"
    for _ in range(5_000):
        value = [value]
    assert "[NESTED TOO DEEP]" in json.dumps(redact_json(value))
    assert "[NESTED TOO DEEP]" in json.dumps(storable(value))


def test_storable() -> None:
    value = {"a\x00": ["\ud800x", "\ud83d\ude00", 1, True, None, math.inf, -math.inf, 0.5]}
    assert storable(value) == {"a\u2400": ["\ufffdx", "\U0001f600", 1, True, None, None, None, 0.5]}
    assert storable("שלום\u202e") == "שלום\u202e"


@given(st.text(st.characters(exclude_categories=())))
def test_storable_text_can_be_encoded_and_has_no_nul(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept
    assert storable(kept) == kept
    json.dumps(kept, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("dotted", [None, ""])
def test_the_built_in_redactor_is_the_default(dotted: str | None) -> None:
    assert load_redactor(dotted) is redact


def test_a_redactor_can_be_named() -> None:
    assert load_redactor("html:escape")("<") == "&lt;"


@pytest.mark.parametrize(
    "dotted",
    ["nowhere_at_all:f", "html:nothing", "html", ":escape", "html:entities", "builtins:len"],
)
def test_a_redactor_that_is_none_is_refused(dotted: str) -> None:
    with pytest.raises(SettingsError, match=r"TIERWATCH_REDACTOR.*module:function"):
        load_redactor(dotted)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**64, 2.0**64),
        (-(2**63) - 1, -(2.0**63)),
        (10**400, None),
        (-(10**400), None),
        (True, True),
    ],
    ids=["largest", "least", "larger", "less", "no float", "no float below", "true"],
)
def test_whole_numbers_beyond_64_bits_become_floats(number: int, kept: float | None) -> None:
    found = storable({"seed": number})["seed"]
    assert found == kept
    assert type(found) is type(kept)
