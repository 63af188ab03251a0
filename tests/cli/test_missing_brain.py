"""A brain that is not there is said to be missing, and is not made by looking at it."""

from pathlib import Path

import pytest

from oneshot.cli.main import main

LOOKING = (
    "list,show 1,search x,history 1,stats,export OUT,doctor,forget 1,update 1 x,alias 1 x,undo,eval"
)


@pytest.mark.parametrize(
    "command", [*LOOKING.split(","), "alias 1 x", "ask Where?", "forget --all --yes"]
)
def test_looking_makes_no_brain(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typo, out = tmp_path / "typo", tmp_path / "out"
    arguments = command.replace("OUT", str(out)).split()
    with pytest.raises(SystemExit) as left:
        main(["--brain", str(typo), *arguments])
    said = capsys.readouterr()
    assert left.value.code == 3
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert str(typo) in said.err
    assert "no brain" in said.err
    assert not typo.exists()
    assert not out.exists()
