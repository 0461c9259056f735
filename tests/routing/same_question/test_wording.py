"""Rewordings that share a form, and the many more things that must not."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tierwatch.evalsets import near_misses
from tierwatch.routing.same_question.near_miss import differing, near_miss_marks
from tierwatch.routing.same_question.wording import LONGEST, normal_form

PAIRS = near_misses().items
PROMPTS = sorted({text for pair in PAIRS for text in (pair.a, pair.b)})


def one_question(a: str, b: str) -> bool:
    """What the response cache asks."""
    same_marks = differing(near_miss_marks(a), near_miss_marks(b)) is None
    return normal_form(a) == normal_form(b) and same_marks


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if not pair.same], ids=lambda pair: pair.id
)
def test_no_near_miss_of_the_list_is_taken_for_its_twin(pair: object) -> None:
    assert normal_form(pair.a) != normal_form(pair.b)


def test_rewordings_of_the_list_that_are_found() -> None:
    rewordings = [pair for pair in PAIRS if pair.same]
    found = [pair for pair in rewordings if one_question(pair.a, pair.b)]
    # 39 when this was written; the rest are paraphrases and prompts about words.
    assert len(found) >= 39
    assert len(rewordings) == 60


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Please explain how vaccines work.", "explain how vaccines work"),
        ("Could you kindly list the planets?", "List the planets."),
        ("Hello! What's 7 plus 5? Thank you very much!", "what is 7 plus 5"),
        ("In Rust, how can I read a file?", "How do I read a file in Rust?"),
        ("Name twelve moons of Saturn.", "Name 12 moons of Saturn"),
        ("Write a brief overview of jazz please", "write a short overview of jazz"),
        ("Cafe\u0301 chains in Oslo", "Caf\u00e9 chains in Oslo"),
        ("Do you know who the mayor of Oslo is?", "Who is the mayor of Oslo?"),
    ],
)
def test_harmless_wording(a: str, b: str) -> None:
    assert one_question(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # the mark at the end
        ("What is 5!", "What is 5?"),
        ("What is n!", "What is n?"),
        ("He left the house.", "He left the house?"),
        # a capital
        ("Turkey recipes for ten", "turkey recipes for ten"),
        ("US guidance on masks", "us guidance on masks"),
        ("What is IT?", "What is it?"),
        ("Who leads WHO?", "Who leads who?"),
        ("How fast is a Swift?", "How fast is a swift?"),
        # courtesies that are the matter
        ("How do you say thank you?", "How do you say?"),
        ("How do you say hello, please?", "How do you say hello?"),
        ("Tell him no, please.", "Tell him no."),
        ("Hello, World program in C", "World program in C"),
        ("Can you make wine from bananas?", "Make wine from bananas."),
        ("Do you know how to swim?", "How do I swim?"),
        ("What do dogs do to please", "What do dogs do to"),
        ("Is it ok, thanks?", "Is it ok?"),
        # words about words
        ("Is colour British?", "Is color British?"),
        ("How many letters has behaviour?", "How many letters has behavior?"),
        ("What's the contraction of what is?", "What is the contraction of what is?"),
        ("Correct the spelling: colour", "Correct the spelling: color"),
        ('Does "don\'t" need it?', 'Does "do not" need it?'),
        ("Sort: five, 5, four", "Sort: 5, 5, 4"),
        # white space that counts
        ("List these:\nnew\nyork", "List these:\nnew york"),
        ("Indent this\n  a\n b", "Indent this\n a\n b"),
        ('Does "a  b" match?', 'Does "a b" match?'),
        ("Is a\tb one word?", "Is a b one word?"),
        # code and formulas
        ("What is x^2 in Python", "What is x2 in Python"),
        ("Is a<b?", "Is a>b?"),
        ("What does `Foo` do?", "What does `foo` do?"),
        ("How old is C++?", "How old is C?"),
        ("How old is C#?", "How old is C?"),
        ("What is in .env?", "What is in env?"),
        ("Price in $", "Price in \u20ac"),
        # numbers
        ("Is 1,000 enough?", "Is 1.000 enough?"),
        ("What is twenty five?", "What is twenty 5?"),
        ("What is two hundred?", "What is 2 hundred?"),
        ("Add 3 - 4", "Add 3 \u2212 4"),
        ("What is x\u00b2?", "What is x2?"),
        ("Is 50 % right?", "Is 50 right?"),
        ("When did World War One end?", "When did World War II end?"),
        # small words
        ("What is the matter?", "What is matter?"),
        ("Did a few people leave?", "Did few people leave?"),
        ("Explain the force in physics", "Explain force in physics"),
        ("Fly from Oslo to Rome", "Fly to Oslo from Rome"),
        ("Is it on the table?", "Is it under the table?"),
        ("Tea or coffee?", "Tea and coffee?"),
        ("Should I look it up?", "Should I look it over?"),
        # verbs that do not take "how can I"
        ("How do I look?", "How can I look?"),
        ("How do you feel?", "How do I feel?"),
        # letters that only look alike
        ("What is the capital of Peru?", "What is the \u0441apital of Peru?"),
        ("Who is Ann?", "Who is A\u200bnn?"),
        ("Is it \uff11 or two?", "Is it 1 or two?"),
        # other languages
        ("Sind das keine Hunde?", "Sind das Hunde?"),
        ("Wo wohnen Sie?", "Wo wohnen sie?"),
        ("\u00bfEs caro?", "\u00bfNo es caro?"),
        # opposites
        ("How do I lock it?", "How do I unlock it?"),
        ("Is it possible?", "Is it impossible?"),
        ("Does it increase?", "Does it decrease?"),
        ("Ways to gain weight", "Ways to lose weight"),
        ("Can I mix bleach with vinegar?", "Can I not mix bleach with vinegar?"),
        ("Why would I?", "Why wouldn't I?"),
        ("Give me only verbs", "Give me verbs"),
        ("Use Celsius, not Kelvin", "Use Kelvin, not Celsius"),
    ],
)
def test_more_near_misses(a: str, b: str) -> None:
    assert normal_form(a) != normal_form(b)
    assert normal_form(b) != normal_form(a)


# Words that may be taken away without changing the question, where they stand in the list.
MAY_GO = {"please", "kindly", "hi", "hello", "thanks", "thank", "you", "quick", "could", "would"}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_word_can_be_taken_away_unseen(prompt: str) -> None:
    words = prompt.split(" ")
    for place, word in enumerate(words):
        shorter = " ".join(words[:place] + words[place + 1 :])
        if re.sub(r"\W", "", word).lower() not in MAY_GO and word:
            assert not one_question(prompt, shorter), word


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("word", ["not", "never", "7", "without", "only", "the", "un", "-", "no"])
def test_no_word_can_be_put_in_unseen(prompt: str, word: str) -> None:
    words = prompt.split(" ")
    for place in range(len(words) + 1):
        longer = " ".join([*words[:place], word, *words[place:]])
        assert not one_question(prompt, longer), longer


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_two_words_can_change_places_unseen(prompt: str) -> None:
    words = prompt.split()
    for one in range(len(words)):
        for other in range(one + 1, len(words)):
            swapped = list(words)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            courtesy = {"please", "please,", "kindly"} & {words[one].lower(), words[other].lower()}
            if words[one].lower() != words[other].lower() and not courtesy:
                assert not one_question(prompt, " ".join(swapped)), swapped


WORDS = st.sampled_from(sorted({word for prompt in PROMPTS for word in prompt.split()}))
SENTENCES = st.lists(WORDS, min_size=3, max_size=14).map(" ".join)


@given(SENTENCES, st.data())
def test_a_changed_number_is_never_unseen(sentence: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 10**6))
    other = data.draw(st.integers(0, 10**6).filter(lambda value: value != number))
    words = sentence.split(" ")
    place = data.draw(st.integers(0, len(words)))
    one, two = (" ".join([*words[:place], str(n), *words[place:]]) for n in (number, other))
    assert not one_question(one, two)
    assert not one_question(one, one.replace(str(number), f"-{number}", 1))


@given(SENTENCES, st.sampled_from(["not", "n't", "never", "no", "without", "except"]), st.data())
def test_an_added_negation_is_never_unseen(
    sentence: str, negation: str, data: st.DataObject
) -> None:
    words = sentence.split(" ")
    place = data.draw(st.integers(1, len(words)))
    assert not one_question(sentence, " ".join([*words[:place], negation, *words[place:]]))


@given(SENTENCES, st.data())
def test_a_changed_letter_is_never_unseen(sentence: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(sentence) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"))
    assume(sentence[place].isalnum() and sentence[place].lower() != letter)
    other = sentence[:place] + letter + sentence[place + 1 :]
    forms = normal_form(sentence), normal_form(other)
    # One letter makes "realise" "realize", which is what the spelling rules are for.
    assume(not (sentence[place] in "sz" and letter in "sz"))
    assume(not (sentence[place] in "ae" and letter in "ae"))
    assert forms[0] != forms[1]


@given(st.text(max_size=300))
@example("\u2019")
@example('"')
@example("?")
@example("please please please")
@example("Hi, please, could you please list, please. Thanks! Thanks.")
def test_any_text_has_a_form_and_a_form_is_its_own(text: str) -> None:
    form = normal_form(text)
    assert isinstance(form, str)
    assert normal_form(text) == form
    assert near_miss_marks(text) == near_miss_marks(text)


@given(st.text(alphabet="ab\u0430 .,?!'\"\u2019:\n\t`5-", max_size=40))
def test_only_spaces_and_marks_at_the_edges_go_from_a_text_without_courtesies(text: str) -> None:
    kept = re.sub(r"[ .?!\n\u00a0]", "", text).replace("\u2019", "'")
    form = re.sub(r"[ .?!\n\u00a0]", "", normal_form(text)).replace("\u2019", "'")
    assert form == kept


def test_long_prompts_are_their_own_form_at_no_cost() -> None:
    long = "Please explain " + "x " * LONGEST
    assert normal_form(long) is long


@pytest.mark.parametrize("part", ["please ", "In a, ", "(", '"', "hi, ", "what is ", "a. ", "1 "])
def test_no_text_makes_the_rules_slow(part: str) -> None:
    import time

    text = (part * LONGEST)[:LONGEST]
    began = time.perf_counter()
    normal_form(text)
    near_miss_marks(text)
    assert time.perf_counter() - began < 0.1
