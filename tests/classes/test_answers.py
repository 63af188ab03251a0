"""What folders of classes answer and say of themselves: how sure, how honest, how alike."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from colours import open_classes, picture

from oneshot.classes.reliability import figure
from oneshot.errors import BadInputError


def test_two_classes_are_told_apart_and_a_stranger_is_none_of_them(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    green = picture(tmp_path / "green.png", (20, 220, 20), 50)
    with open_classes(tmp_path / "c") as classes:
        taught = classes.teach("red", reds[:3])
        assert (taught.added, taught.examples, taught.nearest) == (3, 3, None)
        assert classes.teach("blue", blues[:3]).nearest == "red"
        red, blue, other = classes.guess([reds[5], blues[5], green])
        assert (red.name, blue.name, other.name) == ("red", "blue", None)
        assert red.ranking[0][0] == "red"
        assert sum(p for _, p in red.ranking) + red.none == pytest.approx(1)
        assert classes.evaluate().accuracy == 1.0
        held = classes.evaluate_on({"red": reds[3:], "blue": blues[3:], "green": [green]})
        assert (held.accuracy, held.strangers_rejected) == (1.0, 1.0)


def test_warnings_say_what_is_odd(tmp_path: Path, reds: list[str], blues: list[str]) -> None:
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds[:3])
        again = classes.teach("red", [*reds[:2], reds[4]])
        assert (again.added, again.known, again.examples) == (1, 2, 4)
        assert any("was known with 3 examples" in w for w in again.warnings)
        twin = classes.teach("crimson", [reds[0], reds[5]])
        assert any("1 of these examples were also taught as 'red'" in w for w in twin.warnings)
        assert any("look like 'red'" in w for w in twin.warnings)
        assert twin.confusion == 1.0
        bad = tmp_path / "bad.png"
        bad.write_text("no picture")
        kept = classes.teach("blue", [*blues[:2], str(bad)], skip_bad=True)
        assert kept.added == 2
        assert any("left out" in w and "bad.png" in w for w in kept.warnings)


def test_classes_that_are_alike_are_warned_of_and_others_are_not(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    pinks = [picture(tmp_path / f"pink{i}.png", (221, 21, 21), 80 + i) for i in range(4)]
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds[:4])
        far, near = classes.teach("blue", blues[:4]), classes.teach("pink", pinks)
    assert (far.nearest, far.confusion, far.warnings) == ("red", 0.0, ())
    assert near.nearest == "red"
    assert near.confusion >= 0.5
    assert "its examples look like 'red'" in near.warnings[0]


def test_the_share_of_strangers_is_kept_and_counts(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    with open_classes(tmp_path / "c") as classes:
        classes.teach("red", reds[:4])
        classes.teach("blue", blues[:4])
        usual = classes.guess([reds[5]])[0].none
        classes.expect_strangers(0.9)
        for share in (-0.1, 1.0, float("nan")):
            with pytest.raises(BadInputError, match="give a share"):
                classes.expect_strangers(share)
    with open_classes(tmp_path / "c") as classes:
        assert classes.folder.config.strangers == 0.9
        (guess,) = classes.guess([reds[5]])
        assert guess.none > usual
        (forced,) = classes.guess([reds[5]], none=False)
        assert (forced.name, forced.none) == ("red", 0.0)
        assert sum(p for _, p in forced.ranking) == pytest.approx(1)


def test_an_examination_says_how_honest_the_answers_are(
    tmp_path: Path, reds: list[str], blues: list[str]
) -> None:
    greens = [picture(tmp_path / f"green{i}.png", (20, 220, 20), 50 + i) for i in range(6)]
    with open_classes(tmp_path / "c") as classes:
        for name, files in (("red", reds), ("blue", blues), ("green", greens)):
            classes.teach(name, files)
        found = classes.evaluate()
        assert (found.n, found.strangers, found.strangers_expected) == (18, 18, 0.25)
        assert found.false_rejects <= 0.06
        assert sum(b.n for b in found.reliability) == 36
        assert sum(b.weight for b in found.reliability) == pytest.approx(1)
        assert 0 <= found.calibration_error <= 1
        assert 0 <= found.error_by_chance < 0.2
        drawn = figure(found.reliability)
        assert ElementTree.fromstring(drawn).tag.endswith("svg")
        assert drawn.count("<title>") == 1 + len(found.reliability)


def test_what_is_told_apart_by_chance_alone_is_not_guessed(tmp_path: Path) -> None:
    files = [picture(tmp_path / f"{i}.png", (120, 120, 120), i) for i in range(30)]
    with open_classes(tmp_path / "c") as classes:
        for number in range(3):
            classes.teach(f"grey {number}", files[number::3])
        assert classes.evaluate().accuracy_forced < 0.5
        with pytest.raises(BadInputError, match=r"of 30 examples, .* by chance 10; give more"):
            classes.guess(files[:1])
