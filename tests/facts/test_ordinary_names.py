"""Facts on names that are ordinary words, on the packaged host: who is meant, and who is not."""

from pathlib import Path
from unittest import mock

from packaged import host

from oneshot.facts.language.statement import parse_sentence
from oneshot.facts.learner import Learner
from oneshot.facts.manner import Manner

TAUGHT = """\
Hope lives in Dublin.
Bill's wife is Ann.
May was born in Leeds.
Will works at Lidl.
Mark's phone number is 555-1234.
Drew's boss is Ilse.
Rose plays the cello.
Sunny's birthday is 4 June.
The founder of Gap is Don Fisher.
Hunter lives in Oslo.
The author of What is Ann Bell.
The printer is in room 4.
Deadline: Friday
the rent is due on Monday"""
MEANT = """\
where does hope live?|Dublin
Where does Hope live?|Dublin
in which city does hope live?|Dublin
hope lives in|Dublin
who is bill's wife?|Ann
Who is Bill's wife?|Ann
who is the wife of bill?|Ann
where was may born?|Leeds
Where was May born?|Leeds
where does will work?|Lidl
Where does Will work?|Lidl
what is mark's phone number?|555
what is the phone number of mark?|555
who is drew's boss?|Ilse
Who is the boss of Drew?|Ilse
Which instrument does Rose play?|cello
when is sunny's birthday?|4 June
When is Sunny's birthday?|4 June
who is the founder of gap?|Fisher
Who is the founder of Gap?|Fisher
where does hunter live?|Oslo
Who is the author of What?|Ann Bell
where is the printer?|room 4
when is the deadline?|Friday
when is the rent due?|Monday"""
NOT_MEANT = """\
where do you hope to live?
what is the capital of the country where i hope to live?
i hope you can tell me where she lives
i hope she lives in
who is the wife of the man who paid the bill?
the bill was paid by the wife of
where may a person be born?
where were you born in may?
he may have been born in
where will you work?
who will work at the bank?
they will work at
please mark the phone number, what is it?
mark my words, what is his phone number?
the artist drew her boss, who is her boss?
who drew the picture of the boss?
what instrument was played when the sun rose?
the sun rose and she plays the
it is a sunny birthday, when is yours?
who was the founder of the gap year?
What is the capital of France?
where does the hunter live?
the hunter lives in"""
BRIEF = Manner(max_new_tokens=6)


def said(learner: Learner, question: str) -> str:
    """What the facts answer; nothing where none does."""
    reply = learner.ask([question], manner=BRIEF)[0]
    return reply.answer if reply.facts else ""


def test_a_name_speaks_where_it_is_meant_and_nowhere_else(tmp_path: Path) -> None:
    with mock.patch("oneshot.facts.brain.opening.load_host", return_value=host()):
        with Learner.open(tmp_path / "brain") as learner:
            for sentence in TAUGHT.splitlines():
                learner.write([parse_sentence(sentence, learner.templates)])
        with Learner.open(tmp_path / "brain") as learner:  # how names were told is kept
            asked = [line.split("|") for line in MEANT.splitlines()]
            missed = [q for q, wanted in asked if wanted not in said(learner, q)]
            wrong = [q for q in NOT_MEANT.splitlines() if said(learner, q)]
            heard = "adapters.text.table.may_be_no_name"
            with mock.patch(heard, return_value=False):
                unheeded = [q for q in NOT_MEANT.splitlines()[:6] if said(learner, q)]
    assert not missed
    assert not wrong
    assert unheeded, "some fact would speak if words were not told from names"
