"""What asks about one name alone is read once more, in a frame that makes the host sum it up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import TinyHost, tiny_host
from hypothesis import given
from hypothesis import strategies as st
from tiny import FACTS, PROMPTS, denoiser_of, every_architecture, padded, taught

from adapters.address.framed import BEFORE, cut_out, framed, framed_prompts
from adapters.attach import Attachment, attach
from adapters.query.decide import Change
from adapters.query.evidence import CERTAIN
from adapters.query.reader import Reader
from adapters.text.pieces import Pieces
from adapters.write.encode import Encoder
from adapters.write.state import FORMATS, load_calibration, save_calibration

OTHERWISE = "Please say it: The headquarters of {} now are in"


def without(host: TinyHost) -> TinyHost:
    """The same host as it was calibrated before there was a frame."""
    return replace(host, calibration=replace(host.calibration, framed=None))


@given(before=st.sampled_from(["", " ", "  "]), behind=st.sampled_from(["", " ", "?", "? "]))
def test_a_clause_is_cut_out_with_its_names(before: str, behind: str) -> None:
    text = f"So.{before}Where is Zog's town{behind}"
    at = text.index("Zog")
    clause, names = cut_out(text, (3, len(text)), [(0, 2), (at, at + 3)])
    assert clause == text[3:].strip()
    assert [clause[a:b] for a, b in names] == ["Zog"]


def test_a_framed_clause_is_read_at_its_end_and_at_its_words() -> None:
    tokenizer = tiny_host("gpt2").tokenizer
    text = "Where is Marovia?"
    (prompt,) = framed_prompts(tokenizer, Pieces.of(tokenizer), [(text, [(9, 16)])])
    shown = [tokenizer.decode([token]) for token in prompt.ids]
    assert "?" in shown[prompt.window.last]
    words = "".join(shown[i] for i in prompt.window.words)
    assert "Where" in words
    assert "Marovia" not in words
    assert "sentence" not in words
    assert prompt.window.last < len(prompt.ids) - 1


def test_of_a_clause_too_long_for_the_host_the_end_is_read() -> None:
    tokenizer = tiny_host("gpt2").tokenizer
    text = f"The capital {'of the province ' * 9}of Marovia is"
    names = [(text.index("Marovia"), text.index(" is"))]
    (whole,), (cut,) = (
        framed_prompts(tokenizer, Pieces.of(tokenizer), [(text, names)], n) for n in (None, 24)
    )
    gone = len(whole.ids) - 24
    assert gone > 0
    assert cut.ids == whole.ids[gone:]
    assert cut.window.last == whole.window.last - gone
    words = [w - gone for w in whole.window.words]
    assert list(cut.window.words) == [w for w in words if w > 0]  # the first token is none


@every_architecture
def test_a_reading_holds_both_codes(architecture: str) -> None:
    host = tiny_host(architecture)
    made, plain = host.calibration, without(host)
    row, bare = (h.encoder.encode(FACTS[0]) for h in (host, plain))
    assert row.readings.shape[2] == made.width == 2 * bare.readings.shape[2]
    assert torch.equal(made.plain_of(row.readings), bare.readings)
    assert not torch.equal(made.framed_of(row.readings), bare.readings)
    assert not plain.calibration.framed_of(bare.readings).numel()


@every_architecture
def test_a_query_reads_in_the_frame_what_a_fact_was_read_by(architecture: str) -> None:
    host, denoiser = taught(architecture)
    text, name = PROMPTS[0], FACTS[0].subject
    at = text.index(name)
    with attach(host.model, denoiser) as attachment:
        _, traces = attachment.reader.alone(framed(text), framed=True)
    (prompt,) = framed_prompts(
        host.tokenizer, Pieces.of(host.tokenizer), [(text, [(at, at + len(name))])]
    )
    rank = (traces.shape[1] - 1) // 2
    words = traces[list(prompt.window.words), rank : 2 * rank].mean(0)
    code = host.calibration.framed_of(host.encoder.encode(FACTS[0]).codes(0))[0]
    found = traces[prompt.window.last, :rank] + words
    torch.testing.assert_close(found, code, rtol=0.02, atol=0.02)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are read in the frame from now on."""
    read, texts = Reader.alone, list[str]()

    def counting(self: Reader, text: str, *, framed: bool = False) -> object:
        if framed:
            texts.append(text.removeprefix(BEFORE))
        return read(self, text, framed=framed)

    monkeypatch.setattr(Reader, "alone", counting)
    return texts


def heard(attachment: Attachment, host: TinyHost, text: str) -> list[Change]:
    with torch.inference_mode():
        host.model(**padded(host, [text], "left"))
    return attachment.changes


def test_only_what_asks_about_one_taught_name_is_read_in_the_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, denoiser = taught("llama")
    one, other = FACTS[0].subject, FACTS[4].subject
    read: Callable[[str], Sequence[Change]]
    with attach(host.model, denoiser) as attachment:
        read = lambda text: heard(attachment, host, text)  # noqa: E731
        texts = counted(monkeypatch)
        read("The weather is")
        read("The capital of Nowhereland is")
        read(f"What does {one} tell {other}?")
        assert not texts
        read(OTHERWISE.format(one))
        assert [one in text for text in texts] == [True]


def test_evidence_is_weighed_in_the_frame_and_own_words_as_before() -> None:
    host = tiny_host("llama")
    plain = without(host)
    text = f"The headquarters of {FACTS[0].subject} lie in"
    found = {}
    for name, one in (("framed", host), ("plain", plain)):
        denoiser = denoiser_of(one, [one.encoder.encode(fact) for fact in FACTS])
        denoiser.least = -1e9
        with attach(one.model, denoiser) as attachment:
            own = heard(attachment, one, PROMPTS[0])[0]
            found[name] = own.evidence, [c.evidence for c in heard(attachment, one, text)]
    assert found["framed"][0] == pytest.approx(found["plain"][0], abs=1e-2)
    assert found["plain"][0] > CERTAIN
    assert found["framed"][1] != found["plain"][1]


def test_a_calibration_without_a_frame_is_kept_as_before(tmp_path: Path) -> None:
    host = tiny_host("gpt2")
    for made, form in ((without(host).calibration, FORMATS[0]), (host.calibration, FORMATS[1])):
        path = tmp_path / f"{form}.safetensors"
        save_calibration(made, path)
        assert f'"format":"{form}"'.encode() in path.read_bytes()
        loaded = load_calibration(path)
        assert (loaded.framed is None) == (made.framed is None)
        assert loaded.width == made.width
        encoder = Encoder(host.model, host.tokenizer, loaded)
        assert encoder.encode(FACTS[0]).readings.shape[2] == made.width
