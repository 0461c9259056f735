import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.languages import is_few_words, read_words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hi",
        "who wrote hamlet?",
        "find the race condition in this kernel module",
        "rename variable x to y in a.py",
        "was it the café of the rené family is to be moved",
        "implement a queue data structure using two stacks",
        "\ndef f(x):\n    return x\n\nwhat does this return?",
    ],
)
def test_english_is_read_by_its_own_lists(text: str) -> None:
    read = read_words(text)
    assert (read.known, read.english) == (True, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("who wrote it, who?", {"who", "wrote", "it", "who?"}),
        ("请证明这个定理", {"请证", "明这", "个定", "理"}),
        ("ไทย", {"ไทย"}),
        ("ภาษาไทยยาก", {"ภาษา", "ไทยย", "าก"}),
        ("用python写", {"用", "写", "python"}),
        ("ភាសាខ្មែរ", {"ភាសា", "ខ្មែ", "រ"}),
    ],
)
def test_scripts_without_spaces_are_cut_into_words(text: str, words: set[str]) -> None:
    assert read_words(text).words == words


@pytest.mark.parametrize(
    ("text", "open_words", "hard_words"),
    [
        ("beweise den satz und vergleiche die verfahren mit einem beispiel", 1, 1),
        ("explique la méthode et calcule la probabilité de chaque cas", 1, 2),
        ("证明这个算法并比较两种方法", 1, 2),
        ("この定理を証明し、二つの方法を比較してください", 1, 1),
        ("докажи теорему и сравни два метода", 1, 1),
        ("알고리즘을 설계하고 설명하세요", 2, 1),
        ("الخوارزمية: اشرح ثم قارن", 2, 1),
    ],
)
def test_stems_of_eleven_languages_are_known(text: str, open_words: int, hard_words: int) -> None:
    read = read_words(text)
    assert (read.known, read.english) == (True, False)
    assert (read.open_words, read.hard_words) == (open_words, hard_words)


@pytest.mark.parametrize(
    "text",
    [
        "wer hat den faust geschrieben?",
        "¿quién escribió el quijote?",
        "谁写了《哈姆雷特》\uff1f",
        "ハムレットを書いたのは誰ですか。",
        "햄릿은 누가 썼나요?",
        "من كتب هذه القصة\u061f",
    ],
)
def test_a_short_question_asks_for_a_fact(text: str) -> None:
    read = read_words(text)
    assert (read.known, read.fact) == (True, True)
    assert not read_words(text + text[:-1] * 40 + "?").fact  # 40 times as long


@pytest.mark.parametrize(
    "text",
    [
        "จงพิสูจน์ว่าอัลกอริทึมนี้หยุดเสมอ",
        "ចូរបញ្ជាក់ថាក្បួនដោះស្រាយនេះបញ្ចប់",
        "udowodnij, że algorytm zawsze się kończy i porównaj dwa warianty",
        "siapa yang menulis kisah itu dahulu",
    ],
)
def test_what_no_list_fits_is_said_to_be_unknown(text: str) -> None:
    read = read_words(text)
    assert (read.known, read.english) == (False, False)
    assert (read.open_words, read.hard_words) == (0, 0)
    assert read.words


@pytest.mark.parametrize(
    ("text", "few"),
    [
        ("", True),
        ("yes", True),
        ("the second one", True),
        ("explain that in detail", False),
        ("oui, très bien", True),
        ("好的，继续", True),  # noqa: RUF001 - Chinese
        ("はい、お願いします", True),
        ("네, 계속해 주세요", True),
        ("ใช่ ทำต่อเลย", True),
        ("请详细解释量子纠缠的原理", False),
        ("その理由を説明してください", False),
        ("อธิบายเหตุผลโดยละเอียดให้ฟังหน่อย", False),
    ],
)
def test_a_word_of_consent_is_short_in_every_script(
    text: str,
    few: bool,  # noqa: FBT001 - pytest's
) -> None:
    assert is_few_words(text) is few


@given(text=st.text())
def test_any_text_is_read(text: str) -> None:
    read = read_words(text.lower())
    assert read.known or not read.english
    assert 0 <= read.open_words < 40
