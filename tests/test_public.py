"""What `import oneshot` gives, and what it does not bring with it."""

import subprocess
import sys

import pytest

import oneshot
from oneshot.classes.teacher import Classes
from oneshot.facts.learner import Learner
from oneshot.facts.types import Statement

HEAVY = "torch", "transformers", "faiss", "datasets", "safetensors"
SAY = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"


def test_the_public_names_are_those_of_their_modules() -> None:
    assert (oneshot.Learner, oneshot.Classes, oneshot.Statement) == (Learner, Classes, Statement)
    assert {"Classes", "Learner", "Statement"} <= set(dir(oneshot))
    with pytest.raises(AttributeError, match="has no attribute 'Teacher'"):
        oneshot.Teacher  # noqa: B018


def loaded(program: str) -> str:
    """Which heavy libraries a process has after a program."""
    done = subprocess.run(
        [sys.executable, "-c", program + "\n" + SAY], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


HELP = """
from oneshot.cli.main import main
try:
    main({arguments})
except SystemExit as left:
    assert left.code == 0
"""


@pytest.mark.parametrize(
    "program",
    [
        "import oneshot",
        "from oneshot import Statement; Statement('a', 'b')",
        *(
            HELP.format(arguments=[*group, "--help"])
            for group in ([], ["class"], ["image"], ["teach"], ["class", "doctor"])
        ),
        HELP.format(arguments=["--version"]),
    ],
)
def test_no_model_library_is_loaded_before_it_is_needed(program: str) -> None:
    assert loaded(program) == "[]"


def test_the_learner_brings_them() -> None:
    assert "'torch'" in loaded("from oneshot import Learner")


def test_looking_up_what_was_taught_loads_no_model_library() -> None:
    assert "transformers" not in loaded("import oneshot.facts.brain.records")
