"""What facts say on the packaged host: values, sentences, yes and no, several at once."""

from typing import Any

import pytest
from conftest import packaged_host
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from adapters.query.voice import Voice
from adapters.text.clauses import Asking
from adapters.text.pieces import Pieces
from adapters.write.encode import Told
from adapters.write.rows import FactRows, join

VALUE, YES_NO = Asking.VALUE, Asking.YES_NO
CAPITAL = Told("The capital of Freedonia is", "Glorptown", "Freedonia")
DOCTOR = Told("My doctor is", "Dr Lee", "my")
BORN = Told("I was born in", "Old Harbour", "I")
TEA = Told("Zora's favourite tea is", "gunpowder", "Zora")
QUESTION = Told("What is Zora's favourite colour?", "Blue", "Zora")
SISTER = Told("My sister's birthday is on", "4 May", "My sister")
DENTIST = Told("Our dentist is", "Dr Okafor", "Our dentist")
NOVEL = Told("My Antonia was written by", "Willa Cather", "My Antonia")
CLUB = Told("The chess club meets on Tuesdays at", "the Arms", "The chess club")
FACTS = (CLUB, CAPITAL, DOCTOR, BORN, TEA, QUESTION, SISTER, DENTIST, NOVEL)
ROW = {fact: i for i, fact in enumerate(FACTS)}


@pytest.fixture(scope="module")
def rows() -> FactRows:
    return join(packaged_host().encoder.encode_all(FACTS))


@pytest.fixture(scope="module")
def voice(rows: FactRows) -> Voice:
    tokenizer = packaged_host().tokenizer
    return Voice(tokenizer, Pieces.of(tokenizer), rows)


def shown(voice: Voice, tokens: tuple[int, ...]) -> str:
    text: str = voice.tokenizer.decode(tokens, skip_special_tokens=True)
    return text.strip()


def reply(voice: Voice, *asked: tuple[Told, Asking, str]) -> str:
    speech = voice.reply([(ROW[fact], kind, clause) for fact, kind, clause in asked])
    assert len(speech.tokens) == len(speech.facts)
    assert {ROW[fact] for fact, *_ in asked} == set(speech.facts)
    return shown(voice, speech.tokens)


def test_a_value_completes_its_prompt_to_the_end_of_the_text(voice: Voice) -> None:
    speech = voice.value(ROW[CAPITAL])
    assert shown(voice, speech.tokens) == "Glorptown."
    assert speech.tokens[-1] == voice.tokenizer.eos_token_id
    assert set(speech.facts) == {ROW[CAPITAL]}


def test_a_speech_goes_on_as_long_as_its_words_are_taken_up(voice: Voice) -> None:
    speech = voice.value(ROW[BORN])
    follow, steps = speech, 0
    while (after := follow.after(follow.tokens[follow.step])) is not None:
        follow, steps = after, steps + 1
    assert steps == len(speech.tokens) - 1
    assert speech.after(speech.tokens[0] + 1) is None


@pytest.mark.parametrize(
    ("fact", "wanted"),
    [
        (CAPITAL, "The capital of Freedonia is Glorptown."),
        (DOCTOR, "Your doctor is Dr Lee."),
        (BORN, "You were born in Old Harbour."),
        (TEA, "Zora's favourite tea is gunpowder."),
        (SISTER, "Your sister's birthday is on 4 May."),
        (DENTIST, "Your dentist is Dr Okafor."),
        (NOVEL, "My Antonia was written by Willa Cather."),
        (QUESTION, "Blue."),
    ],
)
def test_an_assistant_says_the_whole_sentence(voice: Voice, fact: Told, wanted: str) -> None:
    assert reply(voice, (fact, VALUE, "what")) == wanted


@pytest.mark.parametrize(
    ("fact", "clause", "wanted"),
    [
        (CAPITAL, "Is Glorptown the capital of Freedonia?", "Yes."),
        (CAPITAL, "is GLORPTOWN the capital?", "Yes."),
        (CAPITAL, "Is Paris the capital?", "No, the capital of Freedonia is Glorptown."),
        (CAPITAL, "Is Glorp the capital?", "No, the capital of Freedonia is Glorptown."),
        (
            CLUB,
            "Does the chess club meet on Tuesdays?",
            "Yes, the chess club meets on Tuesdays at the Arms.",
        ),
        (
            CLUB,
            "Does the chess club meet on Mondays?",
            "No, the chess club meets on Tuesdays at the Arms.",
        ),
        (BORN, "Was I born in Harbour?", "You were born in Old Harbour."),
        (DOCTOR, "Is Dr Lee my doctor?", "Yes."),
        (DOCTOR, "Is Dr Ito my doctor?", "No, your doctor is Dr Lee."),
        (TEA, "Is it gunpowder's?", "Yes."),
        (TEA, "Is Zora's favourite tea chamomile?", "No, Zora's favourite tea is gunpowder."),
    ],
)
def test_yes_or_no(voice: Voice, fact: Told, clause: str, wanted: str) -> None:
    assert reply(voice, (fact, YES_NO, clause)) == wanted
    assert shown(voice, voice.yes_no(ROW[fact], clause).tokens) == wanted


def test_a_question_that_denies_gets_the_fact(voice: Voice) -> None:
    clause = "Isn't Glorptown the capital of Freedonia?"
    assert reply(voice, (CAPITAL, YES_NO, clause)) == "The capital of Freedonia is Glorptown."
    clause = "Isn't Paris the capital of Freedonia?"
    assert reply(voice, (CAPITAL, YES_NO, clause)) == "No, the capital of Freedonia is Glorptown."


@pytest.mark.parametrize(
    "clause",
    [
        "Is the capital of Freedonia Glorptown or Paris?",
        "Does Freedonia have a capital?",
        "Is there any capital of Freedonia?",
    ],
)
def test_what_yes_and_no_do_not_answer_gets_the_fact(voice: Voice, clause: str) -> None:
    wanted = "The capital of Freedonia is Glorptown."
    assert reply(voice, (CAPITAL, YES_NO, clause)) == wanted
    assert shown(voice, voice.yes_no(ROW[CAPITAL], clause).tokens) == wanted


def test_two_facts_are_told_in_one_reply(voice: Voice) -> None:
    said = reply(voice, (TEA, VALUE, "tea"), (CAPITAL, YES_NO, "Is Paris its capital?"))
    wanted = "Zora's favourite tea is gunpowder. No, the capital of Freedonia is Glorptown."
    assert said == wanted


def chatting() -> Any:
    """A tokenizer of bytes with a chat template."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|done|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|turn|>"]})
    tokenizer.chat_template = (
        "{% for m in messages %}<|turn|>{{ m.role }}: {{ m.content }}<|turn|>{% endfor %}"
        "{% if add_generation_prompt %}<|turn|>assistant: {% endif %}"
    )
    return tokenizer


def test_a_turn_ends_as_the_template_ends_it(rows: FactRows) -> None:
    from adapters.write.answers import answer_tokens, sentence_tokens
    from adapters.write.rows import SENTENCE, STEPS, padded

    tokenizer = chatting()
    answer = answer_tokens(tokenizer, CAPITAL.prompt, CAPITAL.answer)
    sentence = sentence_tokens(tokenizer, CAPITAL.prompt, CAPITAL.answer)
    parts = rows.take(rows.count.new_tensor([0])).tensors()
    parts |= {"answer": padded(answer, STEPS), "sentence": padded(sentence, SENTENCE)}
    voice = Voice(tokenizer, Pieces.of(tokenizer), FactRows.of(parts))
    (turn,) = tokenizer("<|turn|>")["input_ids"]
    chat = voice.reply([(0, VALUE, "what")]).tokens
    assert chat[-1] == turn
    assert tokenizer.decode(chat[:-1]).strip() == "The capital of Freedonia is Glorptown."
    assert voice.value(0).tokens[-1] == tokenizer.eos_token_id
    assert voice.yes_no(0, "Glorptown?").tokens[-1] == tokenizer.eos_token_id


def test_one_clause_gets_one_yes_whatever_facts_say_it(voice: Voice) -> None:
    clause, other = "Is Glorptown the capital of Freedonia?", "Is Freedonia's capital Glorptown?"
    assert reply(voice, (CAPITAL, YES_NO, clause), (CAPITAL, YES_NO, clause)) == "Yes."
    assert reply(voice, (CAPITAL, YES_NO, clause), (CAPITAL, YES_NO, other)) == "Yes. Yes."
