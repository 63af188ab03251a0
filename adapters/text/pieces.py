"""The characters behind token ids, and how a host's chat template frames what a user says."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PLACEHOLDER = "Zyxwv"
BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
SPACE = "\u2581"  # SentencePiece's mark of a space


@dataclass(frozen=True)
class Template:
    """What stands right before and behind the words of a user, and the tokens that end a turn.

    `opening` is everything from the end of the user's words to where the assistant begins.
    """

    lead: str
    opening: str
    closing: tuple[int, ...]


@dataclass(frozen=True)
class Pieces:
    """The bytes of every token, which tokens are no text, and the chat template if there is one."""

    texts: tuple[bytes, ...]
    special: frozenset[int]
    template: Template | None

    @classmethod
    def of(cls, tokenizer: Any) -> "Pieces":
        """Read them off a tokenizer."""
        tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        byte_level = "ByteLevel" in str(getattr(tokenizer.backend_tokenizer, "decoder", ""))
        made = _byte_level if byte_level else _plain
        added = set(tokenizer.added_tokens_decoder)
        texts = tuple(
            (token or "").encode() if i in added else made(token or "")
            for i, token in enumerate(tokens)
        )
        return cls(texts, frozenset(tokenizer.all_special_ids), _template(tokenizer))

    def text(self, ids: Sequence[int]) -> tuple[str, list[tuple[int, int]]]:
        """The text of tokens, and of each where its characters begin and end in it.

        A character of several tokens belongs to the last of them.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        parts, spans, at = [], [], 0
        for id in ids:
            known = id < len(self.texts)
            part = decoder.decode(self.texts[id]) if known else ""
            parts.append(part)
            spans.append((at, at + len(part)))
            at += len(part)
        return "".join(parts), spans


def _characters() -> dict[str, int]:
    """The byte of each character that byte-level tokenizers write for it (the map of GPT-2)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}


_BYTES = _characters()


def _byte_level(token: str) -> bytes:
    try:
        return bytes(_BYTES[c] for c in token)
    except KeyError:
        return token.encode()


def _plain(token: str) -> bytes:
    byte = BYTE.fullmatch(token)
    return bytes([int(byte[1], 16)]) if byte else token.replace(SPACE, " ").encode()


def _template(tokenizer: Any) -> Template | None:
    """The frame of a user's words, from a conversation with a placeholder in their place."""
    if not getattr(tokenizer, "chat_template", None):
        return None
    asked = [{"role": "user", "content": PLACEHOLDER}]
    try:
        opened = _render(tokenizer, asked, opening=True)
    except Exception:  # a template may raise anything; a host without one is asked plainly
        return None
    before, found, behind = opened.rpartition(PLACEHOLDER)
    if not found or not behind:
        return None
    return Template(_last_frame(before), behind, _closing(tokenizer, asked))


def _last_frame(before: str) -> str:
    """The template's text right before the user's words, from its last mark on."""
    starts = [m.start() for m in re.finditer(r"<[^<>\s]+>|\[[^\[\]\s]+\]", before)]
    return before[starts[-1] :] if starts else before[-1:]


def _closing(tokenizer: Any, asked: list[dict[str, str]]) -> tuple[int, ...]:
    """The token that ends the assistant's turn."""
    try:
        whole = _render(
            tokenizer, [*asked, {"role": "assistant", "content": "Qjkw"}], opening=False
        )
        rest = whole.rpartition("Qjkw")[2].strip()
    except Exception:  # as above
        rest = ""
    ids = tokenizer(rest, add_special_tokens=False)["input_ids"] if rest else []
    if ids and ids[0] in tokenizer.all_special_ids:
        return (int(ids[0]),)
    return () if tokenizer.eos_token_id is None else (int(tokenizer.eos_token_id),)


def _render(tokenizer: Any, messages: list[dict[str, str]], *, opening: bool) -> str:
    text: str = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=opening
    )
    return text
