"""The commands on rules of the user's own: what follows from facts beside what the bank knows."""

from typing import Annotated

import typer

from oneshot.cli.session import SESSION, open_learner

commands = typer.Typer(no_args_is_help=True, rich_help_panel="Facts")


@commands.callback()
def start() -> None:
    """Rules by which facts imply others, beside those that the package knows.

    Examples:
      oneshot rule add "X's capital is Y => Y is in X"
      oneshot rule list
      oneshot rule remove 1
    """


@commands.command()
def add(
    text: Annotated[str, typer.Argument(metavar="RULE", help='"... X ... Y => ...".')],
) -> None:
    """Let another fact follow from every fact that is told so, now and from now on.

    The left side tells Y of X, the right side something of X or of Y. `oneshot list`
    shows what follows, `oneshot undo` takes the rule back.

    Examples:
      oneshot rule add "X's capital is Y => Y is in X"
      oneshot rule add "X works for Y => X has the badge of Y"
    """
    with open_learner() as learner:
        rule = learner.add_rule(text)
        count = sum(told.rule == rule.text for told in learner.implied())
        record = {"rule": rule.text, "implied": count}
        follow = "1 fact follows" if count == 1 else f"{count} facts follow"
        SESSION.get().output.outcome(record, f"{rule.text}: {follow}")


@commands.command("list")
def list_rules() -> None:
    """List the rules with their numbers.

    Examples:
      oneshot rule list
    """
    output = SESSION.get().output
    with open_learner(founding=False) as learner:
        rules = learner.rules()
        for number, rule in enumerate(rules, start=1):
            output.outcome({"number": number, "rule": rule.text}, f"{number}  {rule.text}")
        if not rules:
            output.remark("no rules")


@commands.command()
def remove(number: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """Take a rule away, with all that followed from it.

    Examples:
      oneshot rule remove 1
    """
    with open_learner(founding=False) as learner:
        rule = learner.remove_rule(number)
        SESSION.get().output.outcome({"removed": rule.text}, f"{rule.text}: removed")
