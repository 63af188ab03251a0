"""The characters behind tokens, of byte-level and SentencePiece-like tokenizers, and templates."""

from typing import Any

import pytest
from conftest import packaged_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from adapters.text.pieces import Pieces

TEXTS = [
    "The capital of Freedonia is Glorptown.",
    " leading and trailing ",
    "O\u2019Brien's caf\u00e9, na\u00efve Zo\u00eb",
    "smile \U0001f600 and flag \U0001f1eb\U0001f1f7!",
    "\u5317\u4eac \u041c\u043e\u0441\u043a\u0432\u0430",
    "line\nbreak\ttab",
    "no\u00a0break",
    "",
]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
INST = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
    "{% else %} {{ m.content }}</s>{% endif %}{% endfor %}"
)


def sentencepiece(template: str | None = None) -> Any:
    """A tokenizer of characters and some words, with a mark for spaces and byte fallback."""
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces = ["\u2581", *map(chr, range(33, 127)), "\u2581the", "\u2581The"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys([*words, *pieces]))}
    made = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    made.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = template
    return tokenizer


def chatting() -> Any:
    """A byte-level tokenizer of bytes alone, with the marks of turns."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    tokenizer.chat_template = CHATML
    return tokenizer


KINDS = {"packaged": packaged_tokenizer, "sentencepiece": sentencepiece, "bytes": chatting}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS)
def test_tokens_give_their_text_back(kind: str, text: str) -> None:
    tokenizer = KINDS[kind]()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    shown, spans = Pieces.of(tokenizer).text(ids)
    assert shown in (text, f" {text}")  # some put a space before a text
    assert len(spans) == len(ids)
    assert all(b == c for (_, b), (c, _) in zip(spans, spans[1:], strict=False))
    assert "".join(shown[a:b] for a, b in spans) == shown


@pytest.mark.parametrize("kind", ["sentencepiece", "bytes"])
def test_a_character_of_several_tokens_belongs_to_the_last(kind: str) -> None:
    tokenizer = KINDS[kind]()
    ids = tokenizer("\U0001f600", add_special_tokens=False)["input_ids"]
    pieces = Pieces.of(tokenizer)
    assert len(ids) == 4
    assert pieces.text(ids) == ("\U0001f600", [(0, 0), (0, 0), (0, 0), (0, 1)])
    assert pieces.text(ids[:2])[0] == ""  # it is not there yet


def test_tokens_beyond_the_vocabulary_have_no_text() -> None:
    pieces = Pieces.of(packaged_tokenizer())
    assert pieces.text([10**6, 10**7]) == ("", [(0, 0), (0, 0)])


def test_special_tokens_are_known_and_shown_as_they_are_written() -> None:
    tokenizer = chatting()
    pieces = Pieces.of(tokenizer)
    ids = tokenizer("<|im_start|>a<|im_end|>", add_special_tokens=False)["input_ids"]
    assert pieces.text(ids)[0] == "<|im_start|>a<|im_end|>"
    assert {ids[0], ids[-1]} == set(pieces.special)


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_byte_level_tokens_give_any_text_back(text: str) -> None:
    for tokenizer in (TOKENIZERS["packaged"], TOKENIZERS["bytes"]):
        ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        assert PIECES[id(tokenizer)].text(ids)[0] in (text, f" {text}")


TOKENIZERS = {kind: made() for kind, made in KINDS.items()}
PIECES = {id(tokenizer): Pieces.of(tokenizer) for tokenizer in TOKENIZERS.values()}


def test_a_template_frames_what_a_user_says() -> None:
    tokenizer = chatting()
    template = Pieces.of(tokenizer).template
    assert template is not None
    assert template.lead == "<|im_start|>user\n"
    assert template.opening == "<|im_end|>\n<|im_start|>assistant\n"
    assert template.closing == (tokenizer.eos_token_id,)


def test_a_template_without_marks_of_its_own_for_turns() -> None:
    tokenizer = sentencepiece(INST)
    template = Pieces.of(tokenizer).template
    assert template is not None
    assert (template.lead, template.opening) == ("[INST] ", " [/INST]")
    assert template.closing == (tokenizer.eos_token_id,)


@pytest.mark.parametrize(
    "template", [None, "{{ raise_exception('no') }}", "{{ nothing }}", "{% for m in"]
)
def test_a_host_without_a_usable_template_is_asked_plainly(template: str | None) -> None:
    assert Pieces.of(sentencepiece(template)).template is None
