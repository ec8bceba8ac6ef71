"""Words: what is cut where, stems, treebank spacing, and text that reads well again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurry.data.tokens import pieces
from recurry.data.vocabulary import Vocabulary
from recurry.data.words import WordJoiner, Words, is_spaced


def vocabulary_of(words):
    return Vocabulary.from_counts(dict.fromkeys(words, 1), unknown="<unk>")


def rejoin(text, **options):
    words = Words(**options)
    vocabulary = vocabulary_of(words.split(text))
    decoder = words.decoder(vocabulary)
    numbers = words.encoder(vocabulary)(text).tolist()
    return "".join(map(decoder.feed, numbers)) + decoder.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Hello, world!", "Hello|,|world|!"),
        ("don't stop-motion", "don't|stop-motion"),
        ("It’s 3.14 or 1,000 at 10:30.", "It’s|3.14|or|1,000|at|10:30|."),
        ("wait... what--no", "wait|...|what|--|no"),
        ("abc123", "abc|123"),
        ("a_b", "a|_|b"),
        ("one\n\ntwo\r\n", "one|<eos>|<eos>|two|<eos>"),
        ("  tab\tand\u00a0space ", "tab|and|space"),
        ("हिन्दी में", "हिन्दी|में"),
        ("日本語のテスト", "日|本|語|の|テ|ス|ト"),
        ("e\u0301te\u0301 naïve", "e\u0301te\u0301|naïve"),
        ("the <unk> <eos>", "the|<unk>|<|eos|>"),
        ("U.S.", "U|.|S|."),
    ],
)
def test_a_text_is_cut(text, expected):
    assert "|".join(Words().split(text)) == expected


def test_a_treebank_text_is_cut_at_white_space_alone():
    spaced = Words(is_spaced=True)
    assert spaced.split(" mr. <unk> 's u.s. \n it ") == [
        "mr.",
        "<unk>",
        "'s",
        "u.s.",
        "<eos>",
        "it",
    ]


@pytest.mark.parametrize(
    ("start", "expected"),
    [("the <unk> said", True), ("<unk>", True), ("a<unk> b", False), ("plain", False)],
)
def test_a_treebank_text_is_known_by_its_unknown_word(start, expected):
    assert is_spaced(start) is expected


def test_lower_case_and_stems():
    text = "The Cats are RUNNING; the cat runs"
    assert Words(is_lower=True).split("The CAT") == ["the", "cat"]
    stems = Words(stem="english").split(text)
    assert stems == ["the", "cat", "are", "run", ";", "the", "cat", "run"]
    assert len(set(stems)) < len(set(Words().split(text)))


@pytest.mark.parametrize(
    ("language", "word"), [("porter", "s"), ("arabic", "\u0640"), ("nepali", "\u091b")]
)
def test_a_word_of_which_no_stem_is_left_stays_as_it_is(language, word):
    assert Words(stem=language).split(word) == [word]


@pytest.mark.parametrize("options", [{}, {"is_lower": True}, {"stem": "english"}])
def test_a_giant_word_is_the_unknown_word(options):
    words = Words(**options)
    assert words.split("x" * 1000 + " " + "x" * 1001) == ["x" * 1000, "<unk>"]
    assert Words(is_spaced=True, **options).split("9" * 1001) == ["<unk>"]


def test_the_final_greek_sigma_is_kept():
    assert Words(is_lower=True).split("ΟΔΟΣ ΣΑΣ") == ["οδος", "σας"]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world! (Yes: it's fine; 50% of $20.)\nNext line...",
        'He said "go home" and "stop".',
        "日本語のテスト。はい",
        "“Quoted,” she said.",
        "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n",
    ],
)
def test_text_reads_as_it_was(text):
    assert rejoin(text) == text


def test_treebank_text_is_joined_by_single_spaces():
    assert rejoin(" no it was n't \n <unk> 's \n", is_spaced=True) == "no it was n't\n<unk> 's\n"


def test_words_that_are_not_in_the_vocabulary_are_unknown():
    words, vocabulary = Words(), vocabulary_of(["the", "cat"])
    numbers = words.encoder(vocabulary)("the dog").tolist()
    assert [vocabulary.symbols[number] for number in numbers] == ["the", "<unk>"]


def test_the_table_of_words_forgets_when_it_grows_large(monkeypatch):
    monkeypatch.setattr("recurry.data.words._MOST_STRETCHES", 2)
    encode = Words().encoder(vocabulary_of("abcdefg"))
    assert encode("a b c d").tolist() == encode("a b c d").tolist() == encode("a b c d").tolist()


@given(
    text=st.text(alphabet="aB1é\u0301'-. ,\n\r\t\"<>日の_Σ\u0939\u093f", max_size=60),
    size=st.integers(1, 7),
    spaced=st.booleans(),
)
def test_streaming_equals_the_whole(text, size, spaced):
    words = Words(is_lower=True, is_spaced=spaced)
    vocabulary = vocabulary_of(words.split(text))
    encode = words.encoder(vocabulary)
    chunks = [text[place : place + size] for place in range(0, len(text), size)]
    streamed = [number for piece in pieces(chunks) for number in encode(piece).tolist()]
    assert streamed == encode(text).tolist()
    assert [vocabulary.symbols[number] for number in streamed] == words.split(text)


@given(text=st.text(max_size=60))
def test_no_text_is_lost_but_white_space(text):
    kept = "".join("" if word == "<eos>" else word for word in Words().split(text))
    assert kept == "".join(text.split()) or "<eos>" in text


@given(words=st.lists(st.text(alphabet="ab.\"'", min_size=1, max_size=3)))
def test_treebank_words_survive_a_round_trip(words):
    joiner = WordJoiner((), is_spaced=True)
    assert Words(is_spaced=True).split("".join(map(joiner.join, words))) == words
