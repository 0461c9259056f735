"""When two prompts ask the same thing in other words: a normal form that errs to *different*.

Similarity cannot answer this. "Which foods are safe?" and "Which foods are not safe?" are nearer
to each other, by any embedding, than most honest rewordings are. So nothing here is scored: every
character of a prompt counts, but for the few ways of wording that a rule below names. Two prompts
with one form differ by courtesies, white space, the end mark, the capital of a common first word,
contractions, a few spellings, or "in X, ..." said at the end.

The rules fall silent where words themselves may be the matter: inside quotes, after a colon or a
line break, beside code or formulas, and in prompts about language.
"""

import re
import unicodedata

# Longer prompts are mostly material, where a character matters and nobody rewords. It also bounds
# the time: 2,000 characters take well under a millisecond.
LONGEST = 2_000


def words_of(text: str) -> list[str]:
    """The words of a list that is written as a text."""
    return text.split()


# Code, formulas, markup, addresses: here white space and every sign may matter.
_MATERIAL = re.compile(r"[`{}\[\]<>|\\=;^*_#@~\x00-\x09\x0b-\x1f]|\n[ \t]|://")
# A prompt that has one of these words may be about wording itself.
_ABOUT_WORDS = frozenset(
    words_of("""
    say says said saying speak speech spell spells spelled spelling spelt word words wording letter
    letters character characters syllable syllables vowel vowels consonant consonants pronounce
    pronounced pronunciation rhyme rhymes mean means meaning meant define definition synonym
    synonyms antonym antonyms phrase phrases sentence sentences grammar grammatical punctuation
    apostrophe apostrophes comma commas contraction contractions abbreviation abbreviations
    acronym acronyms translate translation translated english british american language languages
    dialect idiom verb noun adjective adverb polite politely rude etiquette greeting greetings
    greet reply replies respond response answer answers tell told text texts quote quotes uppercase
    lowercase capitalize capitalise capitalized capitalised capitals transcribe rewrite rephrase
    paraphrase proofread difference differences versus vs
    """)
)

_WH = "what who whom whose which when where why how"
_AUXILIARY = (
    "is are was were do does did can could should would will may might must has have had am"
)
_DIRECTIVES = """
    explain describe write list name give show summarise summarize translate suggest compare create
    draft outline generate convert calculate compute find fix help make plan design review
    """
# "Can you make wine from bananas?" asks whether it can be done; with these it is a request.
_SAYING = "explain describe write list give summarise summarize translate suggest draft outline"
_STARTERS = frozenset(
    words_of(f"{_WH} {_AUXILIARY} {_DIRECTIVES} the a an in on at for from to with if it please")
)
# With one of these first, the mark at the end says nothing that the words do not.
_CLEAR_STARTS = frozenset(words_of(f"{_WH} {_AUXILIARY} {_DIRECTIVES}"))

_DIRECTIVE = "|".join(_DIRECTIVES.split())
_QUESTION = rf"(?:{'|'.join(_WH.split())})(?:'s)?"
_REQUEST = rf"(?=(?:{_DIRECTIVE}|{_QUESTION}) )"
_TO_SAY = rf"(?:please |kindly )?(?=(?:{'|'.join(_SAYING.split())}) )"
_BEGUN = rf"(?=(?:please|i|{_DIRECTIVE}|{_QUESTION}|{'|'.join(_AUXILIARY.split())}),? )"
# What may stand before the request itself. Each is taken off at most once, in this order.
_OPENINGS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?[,!.] {_BEGUN}",
        rf"(?:a )?quick question: {_REQUEST}",
        rf"please,? {_REQUEST}",
        rf"(?:can|could|would|will) you {_TO_SAY}",
        rf"i(?: would|'d) like you to {_TO_SAY}",
        rf"i (?:want|need) you to {_TO_SAY}",
        rf"i was wondering if you could {_TO_SAY}",
    )
)
# What may stand after it: a sentence of its own, or the one word.
_CLOSINGS = (
    re.compile(
        r"(?<=[.?!]) (?:thanks|thank you|many thanks)(?: (?:in advance|very much|a lot))?[.!]*$",
        re.IGNORECASE,
    ),
    re.compile(r"(?<=\w\w)(?<! to)(?<! you),? please(?=[.?!]*$)", re.IGNORECASE),
)
# "Do you know what the GDP of Japan is?"
_INDIRECT = re.compile(
    r"do you know (what|who|where) ((?:[^ ,.?!]+ ){0,5}[^ ,.?!]+) (is|are|was|were)(?=[?.!]*$)",
    re.IGNORECASE,
)
# "In Python, how do I ..." is "How do I ... in Python".
_FRONTED = re.compile(
    rf"(in|for) ((?:[^ ,.:?!]+ ){{0,2}}[^ ,.:?!]+), (?=(?:{_QUESTION}|{_DIRECTIVE}) )([^,.:?!]+)"
    r"([.?!]*)$",
    re.IGNORECASE,
)

# With these verbs "how do I" and "how can I" are two questions.
_STATES = "look feel know sound seem smell come appear be get have"
_HOW = re.compile(
    rf"\bhow (?:to|(?:do|can) I|does one) (?=[a-z])(?!(?:{'|'.join(_STATES.split())})\b)"
)
_I = re.compile(r"\b(do|can|could|should|may|must|will|did|would|have|am|was) i\b")
_PERCENT = re.compile(r"(?<=\d) (?:percent|per cent)\b")

_NOT = "do does did is are was were has have had could should would must"
_CONTRACTIONS = {
    **{f"{verb}n't": f"{verb} not" for verb in _NOT.split()},
    "can't": "cannot",
    "won't": "will not",
    "what's": "what is",
    "who's": "who is",
    "where's": "where is",
    "it's": "it is",
    "I'm": "I am",
    "I've": "I have",
    "you're": "you are",
    "they're": "they are",
    "we're": "we are",
}
_OUR = "behaviour colour favour favourite flavour harbour honour humour labour neighbour rumour"
_ISE = """
    analyse apologise categorise emphasise finalise generalise initialise maximise minimise
    normalise optimise organise prioritise realise recognise serialise summarise visualise
    """
_SPELLINGS = {
    **{word: word.replace("our", "or") for word in _OUR.split()},
    **{word + "s": word.replace("our", "or") + "s" for word in _OUR.split()},
    **{word: word[:-2] + "ze" for word in _ISE.split()},
    "centre": "center",
    "theatre": "theater",
    "jewellery": "jewelry",
    "e-mail": "email",
    "e-mails": "emails",
    "web site": "website",
}
SMALL_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        words_of("two three four five six seven eight nine ten eleven twelve"), start=2
    )
}
_NUMBER_WORDS = """
    zero one twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion
    point half and
    """
_NEAR_NUMBERS = frozenset([*SMALL_NUMBERS, *_NUMBER_WORDS.split()])
_PHRASES = (
    (re.compile(r"\b(I|to|we|you) purchase\b"), r"\1 buy"),
    (re.compile(r"\b(I|to|we|you) begin\b"), r"\1 start"),
    (re.compile(r"\bbrief (?=(?:summary|overview|introduction|description)\b)"), "short "),
    (re.compile(r"(?<=[ ,])e\.g\. "), "for example "),
)
_BARE = re.compile(r"^(\W*)(.*?)([,.;:?!)]*)$", re.DOTALL)


def normal_form(text: str) -> str:
    """The form of a prompt; prompts that have one form ask the same.

    Never raises. A prompt that no rule applies to is its own form.

    >>> normal_form("Please explain how vaccines work.")
    'explain how vaccines work'
    >>> normal_form("Hi! What's the capital of France?")
    'what is the capital of France'
    >>> normal_form("In Python, how can I read a file?")
    'how do I read a file in Python'
    >>> normal_form("How do you say thank you, please?")
    'how do you say thank you, please'
    """
    if len(text) > LONGEST:
        return text
    text = unicodedata.normalize("NFC", text)
    if _MATERIAL.search(text):
        return text
    text = _plain_quotes(text.strip(" \n\u00a0"))
    head, tail = _head(text)
    if not head:
        return text
    head = re.sub(r"[ \u00a0]+", " ", head)
    if tail:
        return _small_starts(head) + tail
    if not _ABOUT_WORDS.isdisjoint(re.findall(r"[^\W\d_]+", head.lower())):
        return _without_end(_small_starts(head))
    head = _without_courtesies(head)
    head = _I.sub(r"\1 I", _small_starts(head))
    head = _PERCENT.sub("%", " ".join(_folded(head.split(" "))))
    head = _HOW.sub("how do I ", head)
    for pattern, said in _PHRASES:
        head = pattern.sub(said, head)
    return _without_end(_small_starts(_FRONTED.sub(_to_the_end, head)))


def _plain_quotes(text: str) -> str:
    text = re.sub(r"(?<=\w)\u2019(?=\w)", "'", text)
    return re.sub(r"\u201c([^\u201c\u201d\"]*)\u201d", r'"\1"', text)


def _head(text: str) -> tuple[str, str]:
    """The text up to where material may begin: a quote, a line break, or a colon after a word."""
    opening = re.match(r"(?:a )?quick question: ", text, re.IGNORECASE)
    begin = opening.end() if opening else 0
    found = re.search(r"[\"\n:\u201c\u201d\u00ab\u201e]|(?<!\w)['\u2018]", text[begin:])
    at = len(text) if found is None else begin + found.start()
    return text[:at], text[at:]


def _without_courtesies(head: str) -> str:
    rest = head
    for opening in _OPENINGS:
        rest = opening.sub("", rest, count=1) if opening.match(rest) else rest
    rest = _INDIRECT.sub(r"\1 \3 \2", rest, count=1) if _INDIRECT.match(rest) else rest
    for closing in _CLOSINGS:
        rest = closing.sub("", rest)
    # What is left must still be a request, not the rest of a phrase.
    return rest if rest.count(" ") > 1 else head


def _small_starts(head: str) -> str:
    """Common first words of sentences without their capital."""
    words = head.split(" ")
    for place, word in enumerate(words):
        if place and words[place - 1][-1:] not in {".", "?", "!"}:
            continue
        bare = word.rstrip(",")
        small = bare.lower()
        common = small in _STARTERS or small in _CONTRACTIONS
        if common and bare in {small, small.capitalize()}:
            words[place] = small + word[len(bare) :]
    return " ".join(words)


def _folded(words: list[str]) -> list[str]:
    """Each word in its one spelling: contractions, British spellings, small numbers."""
    folded = []
    for place, word in enumerate(words):
        match = _BARE.match(word)
        if match is None:  # pragma: no cover - the pattern matches every text
            folded.append(word)
            continue
        before, bare, after = match.groups()
        beside = {_letters(words[place - 1 : place]), _letters(words[place + 1 : place + 2])}
        alone = beside.isdisjoint(_NEAR_NUMBERS) and not _has_digit(beside)
        if bare in SMALL_NUMBERS and alone:
            bare = SMALL_NUMBERS[bare]
        bare = _CONTRACTIONS.get(bare, bare)
        folded.append(before + _SPELLINGS.get(bare, bare) + after)
    return folded


def _letters(words: list[str]) -> str:
    return "".join(words).strip(",.;:?!()").lower()


def _has_digit(words: set[str]) -> bool:
    return any(character.isdigit() for word in words for character in word)


def _to_the_end(found: re.Match[str]) -> str:
    return f"{found[3]} {found[1].lower()} {found[2]}{found[4]}"


def _without_end(head: str) -> str:
    """Without the mark at the end, where the first word says what kind of sentence it is.

    A mark after a digit, a bracket or a single letter may belong to it: 5! is 120.
    """
    ended = re.search(r"(?<=\w\w\w)[.!?]+$", head)
    if ended is None:
        ended = re.search(r"(?<=\w)[?.]$", head)
    if ended is None or head.split(" ", 1)[0] not in _CLEAR_STARTS:
        return head
    return head[: ended.start()]
