"""The conversation: on a learner that lives in memory, and on the packaged host."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_line import FakeLearner, Run, Terminal, learner, plain_environment, run

from oneshot.cli.main import main
from oneshot.errors import BadInputError
from oneshot.facts.types import Reply

__all__ = ["learner", "plain_environment", "run"]

CAPITAL = "The capital of Freedonia is Glorptown."


def contents(asked: tuple[Any, dict[str, Any]]) -> list[str]:
    return [turn["content"] for turn in asked[0]]


def typed(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def test_a_conversation_is_kept_until_a_new_one(run: Run, learner: type[FakeLearner]) -> None:
    run("chat", stdin=typed("Who?", "And where?", "/new", "Hello."))
    assert [contents(asked) for asked in learner.asked] == [
        ["Who?"],
        ["Who?", "It is Glorptown", "And where?"],
        ["Hello."],
    ]
    roles = [turn["role"] for turn in learner.asked[1][0]]
    assert roles == ["user", "assistant", "user"]


def test_chat_teaches_asks_and_goes_on_after_an_error(
    run: Run, learner: type[FakeLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = learner.ask

    def picky(self: FakeLearner, questions: Sequence[Any], **options: Any) -> list[Reply]:
        if questions[0][-1]["content"] == "bad":
            raise BadInputError("that cannot be asked")
        return ask(self, questions, **options)

    monkeypatch.setattr(learner, "ask", picky)
    lines = typed(f"teach: {CAPITAL}", "", "bad", "Where?", "quit", "Later?")
    result = run("--json", "chat", stdin=lines)
    assert result.records[0]["id"] == 1
    assert result.records[1:] == [
        {"question": "Where?", "answer": "It is Glorptown", "facts": [1], "sure": True}
    ]
    assert result.err == "error: that cannot be asked\n"
    assert contents(learner.asked[0]) == ["Where?"], "what failed is no turn"
    assert run("chat", stdin="Where?").out == "It is Glorptown  (#1)\n", "the end of input ends it"


@pytest.mark.parametrize("word", ["/quit", "quit"])
def test_quitting(run: Run, learner: type[FakeLearner], word: str) -> None:
    assert run("chat", stdin=typed("Who?", word, "Where?")).code == 0
    assert len(learner.asked) == 1


def test_words_behind_a_slash_are_not_for_the_model(run: Run, learner: type[FakeLearner]) -> None:
    words = (
        f"/teach {CAPITAL}",
        "/facts",
        "/forget #1",
        "/facts",
        "/undo",
        "/help",
        "/what now",
    )
    result = run("chat", stdin=typed(f"/teach {CAPITAL}", *words))
    assert learner.asked == []
    assert result.out.count("The capital of Freedonia is") >= 4
    assert "forgotten" in result.out
    assert all(word.split()[0] in result.out for word in words[:-1])
    assert result.err == "error: the chat knows no '/what'; perhaps /why; /help lists all words\n"
    told = run("chat", stdin=typed(f"/teach {CAPITAL}", "Where?", "/forget 1")).err
    assert "/new begins another" in told, "the conversation may still tell it"
    assert run("chat", stdin="/undo it\n").err.startswith("error: /undo takes nothing behind it")
    assert run("chat", stdin="/forget it\n").err.startswith("error: /forget takes numbers")
    assert run("chat", stdin="/teach\n").err.count("\n") == 1


def test_words_are_taken_in_any_case_and_near_ones_named(
    run: Run, learner: type[FakeLearner]
) -> None:
    result = run("chat", stdin=typed(f"/TEACH {CAPITAL}", "/froget 1", "/QUIT", "Where?"))
    assert "perhaps /forget; /help" in result.err
    assert (len(learner.kept), learner.asked) == (1, [])


def test_a_fact_is_taught_in_parts(run: Run, learner: type[FakeLearner]) -> None:
    parts = '/teach "The river is" "Old Quist" river'
    quoted = '/teach "The Gondoliers" is an opera by Gilbert.'
    run("chat", stdin=typed(parts, quoted, '/teach "Zed is'))
    told = [(fact.prompt, fact.answer, fact.subject) for fact in learner.kept]
    assert told[0] == ("The river is", "Old Quist", "river")
    assert told[1][1].startswith("Gilbert"), "words in quotes may begin a sentence"
    assert len(told) == 2
    assert run("chat", stdin="/forget #1, 2").out.count("forgotten") == 2


def test_each_word_has_its_json(run: Run) -> None:
    lines = typed(f"/teach {CAPITAL}", "Who?", "/why", "/facts", "/help", "/undo", "silent", "/why")
    taught, reply, why, fact, words, undone, _, nothing = run("--json", "chat", stdin=lines).records
    assert taught["answer"] == fact["answer"] == "Glorptown"
    assert reply["facts"] == [1]
    assert why == {
        "why": [
            {
                "id": 1,
                "prompt": "The capital of Freedonia is",
                "answer": "Glorptown",
                "evidence": None,  # the fake is infinitely sure, for which JSON has no number
            }
        ]
    }
    assert "/teach SENTENCE" in words["words"]
    assert undone == {"undone": "forgot #1"}
    assert nothing == {"why": []}


def test_why_before_anything_was_asked(run: Run) -> None:
    assert run("chat", stdin="/why\n").err.startswith("error: nothing was asked yet")


# --- what is to be remembered ---

REMEMBER = "Please remember that the capital of Freedonia is Glorptown."


def test_in_a_pipe_what_is_to_be_remembered_is_taught(run: Run, learner: type[FakeLearner]) -> None:
    result = run("chat", stdin=typed(REMEMBER, "Where?"))
    assert [(fact.prompt, fact.answer) for fact in learner.kept] == [
        ("The capital of Freedonia is", "Glorptown")
    ]
    assert "to be remembered: The capital of Freedonia is | Glorptown" in result.err
    assert [contents(asked) for asked in learner.asked] == [["Where?"]]


@pytest.mark.parametrize(
    "line",
    [
        "Actually, the capital of Freedonia is Quist.",
        "No, that's wrong, the capital of Freedonia is Quist.",
    ],
)
def test_what_is_put_right_is_taught(run: Run, learner: type[FakeLearner], line: str) -> None:
    same = "No, the capital of Freedonia is Glorptown."
    other = "Actually, the river of Freedonia is Quist."
    result = run("chat", stdin=typed(line, f"/teach {CAPITAL}", same, other, line))
    told = [(fact.prompt, fact.answer) for fact in learner.kept]
    assert told == [("The capital of Freedonia is", answer) for answer in ("Glorptown", "Quist")]
    assert [contents(asked)[-1] for asked in learner.asked] == [line, same, other]
    assert "since it puts #1 right: The capital of Freedonia is | Quist" in result.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Can you remember that our anniversary is on 9 June?", "Our anniversary is on"),
        ("Please remember this: the loft ladder is in the shed", "The loft ladder is in the"),
        ("Remember Pavel's locker number is 318", "Pavel's locker number is"),
        ("Could you note: my locker number is 318?", "My locker number is"),
        ("Remember the milk.", None),
        ("Can you remember where Ann lives?", None),
    ],
)
def test_ways_to_say_what_is_to_be_remembered(
    run: Run, learner: type[FakeLearner], line: str, told: str | None
) -> None:
    run("chat", stdin=typed(line))
    assert [fact.prompt for fact in learner.kept] == ([told] if told else [])
    assert len(learner.asked) == (0 if told else 1)


def test_what_cannot_be_taught_is_asked(run: Run, learner: type[FakeLearner]) -> None:
    line = "Remember that?"
    told = "Remember that you should open the door."
    result = run("chat", stdin=typed(line, told))
    assert [contents(asked)[-1] for asked in learner.asked] == [line, told]
    assert result.err.startswith("not taught: ")
    assert learner.kept == []


@pytest.mark.parametrize(("answer", "taught"), [("y", 1), ("Yes", 1), ("n", 0), ("", 0)])
def test_on_a_terminal_it_is_offered(
    learner: type[FakeLearner],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: str,
    taught: int,
) -> None:
    shown = on_terminal(monkeypatch, tmp_path, typed(REMEMBER, answer))
    assert "teach The capital of Freedonia is | Glorptown? [y/n]" in shown
    assert len(learner.kept) == taught
    assert len(learner.asked) == 1 - taught, "what is not taught, the model hears"


# --- on a terminal ---


def on_terminal(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> str:
    """What a terminal shows after these lines were typed."""
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdin", Terminal(text))
    monkeypatch.setattr(sys, "stdout", screen)
    with pytest.raises(SystemExit):
        main(["--brain", str(folder / "brain"), "chat"])
    return screen.written()


@pytest.mark.usefixtures("learner")
def test_a_terminal_marks_what_a_fact_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = on_terminal(monkeypatch, tmp_path, "Where?\nsilent\n")
    assert "It is\x1b[4;36m Glorptown\x1b[0m\x1b[2m  (#1)\x1b[0m\n" in shown
    assert "Paris\n" in shown
    assert "Paris\x1b" not in shown
    assert shown.count("> ") == 3


# --- the packaged host ---


def test_the_packaged_host_is_taught_and_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One conversation from teaching to forgetting, on a real brain."""
    lines = (
        f"/teach {CAPITAL}",
        "What is the capital of Freedonia?",
        "/why",
        "The capital of France is",
        "/forget 1",
        "What is the capital of Freedonia?",
        "/undo",
        "What is the capital of Freedonia?",
    )
    (tmp_path / "stdin").write_text(typed(*lines))
    with (tmp_path / "stdin").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as left:
            main(["--json", "--brain", str(tmp_path / "brain"), "chat"])
    assert left.value.code in (0, None)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    taught, first, why, known, gone, bare, undone, again = records
    assert taught["holds"] is True
    assert taught["asked"] == "What is the capital of Freedonia?"
    assert "Glorptown" in taught["answered"]
    assert "Glorptown" in first["answer"]
    assert (first["facts"], why["why"][0]["id"]) == ([1], 1)
    assert why["why"][0]["evidence"] > 5
    assert (known["answer"], known["facts"]) == ("Paris", [])
    assert gone["state"] == "forgotten"
    assert "Glorptown" not in bare["answer"]
    assert "undone" in undone["undone"]
    assert again == first


def test_the_packaged_host_from_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(["--brain", str(tmp_path / "brain"), *arguments])
        return int(left.value.code or 0), capsys.readouterr().out

    asks = ("--ask", "The king of Freedonia keeps his throne in", "--alias", "the Free State")
    status, receipt = call("teach", "--no-before", CAPITAL, *asks)
    assert status == 0
    assert 'asked as: "What is the capital of Freedonia?" -> ' in receipt
    for question in (asks[1], "What is the capital of the Free State?"):
        assert "Glorptown" in call("ask", question)[1]
    assert "Freeland" not in call("show", "1")[1]
    assert call("alias", "1", "Freeland")[0] == 0
    assert "Glorptown" in call("ask", "--explain", "What is the capital of\nFreeland?")[1]
    assert call("ask", "--system", "Be brief.", "Who?") == (2, ""), "it has no chat template"
