"""How much of a prompt's words can be read, in which language.

English is read by whole words, in `heuristic`. Eleven others are read here by stems of the same
kinds of words; what is in none of them is counted and not understood, and whoever decides by it
must say so. Scripts without spaces are cut into pieces of about a word's length.
"""

import re
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that a sentence of a language hardly does without, none of them two languages'.
_ENGLISH = _words(
    "the and to what how this that with you from your which who when where why does did are can"
    " please into by it for if have would should write find give make create implement express"
    " explain describe calculate using list add fix return tell know"
)
# English too, and words of others: they count half, and only where nothing else says more.
_HALF_ENGLISH = _words("is of was has in on as an be me my")
_FUNCTION_WORDS = {
    "de": _words(
        "der die das und ist wie ein eine einen den dem nicht mit für wer wann warum ich du sie"
        " zu von auf welche welcher dass"
    ),
    "fr": _words(
        "le la les des est et un une qui que pour dans quel quelle comment pourquoi du avec sur"
        " ne pas je vous ce"
    ),
    "es": _words(
        "el los las es un una quién qué cuál cómo por para con del que no en se su dónde cuándo"
    ),
    "pt": _words("os as é um uma quem que qual como por para com do da não em se onde quando"),
    "it": _words("il lo gli è un una chi che quale come per con del della non di si dove quando"),
    "nl": _words("de het een en wie wat hoe waarom van voor met niet ik je dat op welke"),
}
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
# Stems of what asks for a text, a design or a program, and of the exact sciences.
_OPEN_STEMS = {
    "de": "schreib entwirf entwick implementier erklär vergleich analys plan übersetz fass verbess"
    " erstell begründ",
    "fr": "écris écrive rédige conçoi concev implément expliqu compar analys planif tradui résum"
    " amélior propos justifi",
    "es": "escribe escriba redact diseñ implement explic compar analiz planif traduc resum"
    " mejor propon justific",
    "pt": "escreva redij projet implement expliq compar analis planej traduz resum"
    " melhor propon justifi",
    "it": "scrivi progett implement spieg confront analizz pianific traduc riassum miglior propon"
    " giustific",
    "nl": "schrijf ontwerp implement leg vergelijk analyseer plan vertaal vat verbeter motiveer",
    "zh": "写一 写个 编写 撰写 设计 实现 解释 比较 分析 规划 计划 翻译 总结 改进 重构 说明"
    " 編寫 設計 實現 解釋 說明",
    "ja": "書いて 書け 設計 実装 説明 比較 分析 計画 翻訳 要約 改善 提案 リファクタ",
    "ko": "작성 설계 구현 설명 비교 분석 계획 번역 요약 개선 제안 써",
    "ru": "напиш спроект разработ реализ объясн сравн проанализ план перевед кратк улучш предлож"
    " обоснуй",
    "ar": "اكتب صمم صمّم نفذ نفّذ اشرح قارن حلل حلّل خطط ترجم لخص لخّص حسن اقترح",
    "hi": "लिखो लिखें लिखिए डिज़ाइन डिजाइन लागू समझा तुलना विश्लेषण योजना अनुवाद सारांश सुधार सुझा",
}
_HARD_STEMS = {
    "de": "beweis berechne algorithm gleichung wahrscheinlichkeit optimal nebenläuf laufzeit",
    "fr": "démontr prouve calcul algorithm équation probabilité optimal complexité",
    "es": "demuestr prueb calcul algoritm ecuación probabilidad óptim complejidad",
    "pt": "demonstr prove calcul algoritm equação probabilidade ótim complexidade",
    "it": "dimostr prova calcol algoritm equazione probabilità ottim complessità",
    "nl": "bewijs bereken algoritme vergelijking kans optima complexiteit",
    "zh": "证明 計算 计算 算法 方程 概率 最优 复杂度 推导 證明",
    "ja": "証明 計算 アルゴリズム 方程式 確率 最適 計算量 導出",
    "ko": "증명 계산 알고리즘 방정식 확률 최적 복잡도",
    "ru": "докаж вычисл алгоритм уравнен вероятност оптимальн сложност",
    "ar": "أثبت برهن احسب خوارزمي معادل احتمال الأمثل تعقيد",
    "hi": "सिद्ध गणना एल्गोरिद्म एल्गोरिदम समीकरण प्रायिकता इष्टतम",
}
_OPEN = {language: tuple(stems.split()) for language, stems in _OPEN_STEMS.items()}
_HARD = {language: tuple(stems.split()) for language, stems in _HARD_STEMS.items()}
# A word is two signs of Chinese or Japanese, and about four of the scripts of South East Asia.
_PIECES = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{1,2}"
    "|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{1,4}"
)
_QUESTION_MARKS = "\uff1f\u061f"  # full width, Arabic
_QUESTION_ENDS = ("?", *_QUESTION_MARKS, "か。", "か", "吗", "呢")
_SIGNS = re.compile("[,.!?:;()\"'\u00a1\u00ab\u00bb\u00bf\u201c-\u201e\u3000-\u3020\uff01-\uff20]+")
# Whose script it is shows at once.
_GLANCE = 200
# A word of consent or a choice ("yes", "go on"); polite ones are longer where kana spell them.
_FEW_WORDS = 3
_FEW_PIECES = 5
# A few words of no language are a greeting, a name or a command, which English covers.
_FEW = 4
_SURE = 2
# As `heuristic` has it for English; signs that are half a word count for two of its characters.
_SHORT_QUESTION = 100


class Reading(NamedTuple):
    """What could be read of a prompt.

    Attributes:
        words: different words, or pieces of a word's length.
        known: whether a list of words fits its language.
        english: whether that list is the English one; the rest counts only where it is not.
        open_words: kinds of words that ask for a text, a design or a program.
        hard_words: kinds of words from exact sciences.
        fact: whether it seems to be a short question for a fact.
        marks: question marks of other scripts.
    """

    words: frozenset[str]
    known: bool
    english: bool
    open_words: int = 0
    hard_words: int = 0
    fact: bool = False
    marks: int = 0


def is_few_words(text: str) -> bool:
    """Whether a text has three words at most; of a script without spaces five pieces.

    >>> [is_few_words(text) for text in ("yes, go on", "好的", "请用五句话解释量子纠缠")]
    [True, True, False]
    """
    if text.isascii():
        return len(text.split()) <= _FEW_WORDS
    bare = _SIGNS.sub(" ", text)
    pieces = _PIECES.findall(bare)
    spaced = _PIECES.sub(" ", bare).split() if pieces else bare.split()
    return len(spaced) <= _FEW_WORDS and len(pieces) <= _FEW_PIECES


def read_words(text: str) -> Reading:
    """Read a lower-case text.

    >>> read_words("who wrote hamlet?").english, read_words("谁写了哈姆雷特?").fact
    (True, True)
    >>> len(read_words("请证明这个定理").words), read_words("ใครเขียนแฮมเล็ต").known
    (4, False)
    """
    if text.isascii():
        words = _spaced(text)
        if len(words & _ENGLISH) >= _SURE or len(words) < _FEW:
            return Reading(words, True, True)  # noqa: FBT003 - on each request's way: names would double its time
        return _of_language(text, words, _by_function_words(words))
    bare = _SIGNS.sub(" ", text)
    pieces = _PIECES.findall(bare)
    words = frozenset(pieces).union((_PIECES.sub(" ", bare) if pieces else bare).split())
    # An accent or a quotation mark makes no foreign sentence.
    if len(words & _ENGLISH) >= _SURE and not pieces:
        return Reading(_spaced(text), known=True, english=True)
    return _of_language(text, words, _by_script(text) or _by_function_words(words))


def _spaced(text: str) -> frozenset[str]:
    return frozenset(text.replace(",", " ").replace(".", " ").split())


def _by_script(text: str) -> str:
    """The language of the script that a tenth of the text is in; empty for none of them."""
    text = text[:_GLANCE]
    for language, letters in _SCRIPTS:
        if 10 * len(letters.findall(text)) > len(text):
            return language
    return ""


def _by_function_words(words: frozenset[str]) -> str:
    """The language whose little words occur most; empty for none."""
    counts: dict[str, float] = {
        language: len(words & known) for language, known in _FUNCTION_WORDS.items()
    }
    counts["en"] = len(words & _ENGLISH) + len(words & _HALF_ENGLISH) / 2
    best = max(counts, key=lambda language: (counts[language], language == "en"))
    return best if counts[best] else ""


def _of_language(text: str, words: frozenset[str], language: str) -> Reading:
    if language == "en":
        return Reading(words, known=True, english=True)
    open_words = sum(stem in text for stem in _OPEN.get(language, ()))
    spaceless = language in {"zh", "ja"}
    stripped = text.strip()
    short = len(stripped) * (2 if spaceless else 1) <= _SHORT_QUESTION
    return Reading(
        words,
        known=bool(language),
        english=False,
        open_words=open_words,
        hard_words=sum(stem in text for stem in _HARD.get(language, ())),
        fact=short and not open_words and stripped.endswith(_QUESTION_ENDS),
        marks=sum(map(text.count, _QUESTION_MARKS)),
    )
