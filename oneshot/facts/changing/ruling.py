"""What follows from facts by rules, and changes of either kind taken back."""

from collections.abc import Sequence

from oneshot.errors import BadInputError
from oneshot.facts.changing.writing import Writer, statement_of
from oneshot.facts.implied.rules import Rule, rule_of
from oneshot.facts.language.text import brief
from oneshot.memory.journal.rows import Operation


class Ruler(Writer):
    """A writer that lets facts follow from others by rules of the user's own."""

    def rules(self) -> list[Rule]:
        """The user's rules, in the order in which they came."""
        return self.ledger.rules()

    def add_rule(self, text: str) -> Rule:
        """Let a rule of the user's hold for all facts; raises BadInputError where it is none."""
        rule = rule_of(text)
        with self.brain.writing():
            if rule.text in self.brain.journal.rules():
                raise BadInputError(f"the rule {brief(rule.text)} is here; see `oneshot rule list`")
            self.brain.journal.add_rule(rule.text)
            self.brain.journal.log("rule", {"rule": rule.text, "added": True})
            self.ledger.imply()
        return rule

    def remove_rule(self, number: int) -> Rule:
        """Take a rule away, by its place in the list, with what followed from it."""
        with self.brain.writing():
            rules = self.ledger.rules()
            if not 1 <= number <= len(rules):
                raise BadInputError(f"there is no rule {number}; see `oneshot rule list`")
            rule = rules[number - 1]
            self.brain.journal.drop_rule(rule.text)
            self.brain.journal.log("rule", {"rule": rule.text, "added": False})
            self.ledger.imply()
        return rule

    def _undo_rule(self, operation: Operation) -> str:
        text, added = operation.payload["rule"], operation.payload["added"]
        change = self.brain.journal.drop_rule if added else self.brain.journal.add_rule
        change(text)
        self.ledger.imply()
        self.brain.journal.drop_operation(operation.id)
        return f"the rule {brief(text)} is {'gone' if added else 'back'}"

    def undo(self) -> str:
        """Take back the last change; raises BadInputError where there is none."""
        with self.brain.writing():
            operation = self.brain.journal.last_operation()
            if operation is None:
                raise BadInputError("there is nothing to undo")
            if "rule" in operation.payload:
                return self._undo_rule(operation)
            added, removed = operation.payload["added"], operation.payload["removed"]
            # They are functions of host and fact, so they come back to the bit.
            back = [statement_of(self.show(id)) for id in removed]
            self.ledger.leave([self.show(id).key for id in added], "forgotten")
            self.ledger.enter(list(zip(back, self._rows(back), strict=True)), None)
            self.brain.journal.drop_operation(operation.id)
        return f"{operation.kind} of {self._named(added or removed)} undone"

    def _named(self, ids: Sequence[int]) -> str:
        """One fact in its words, or how many there are."""
        if len(ids) != 1:
            return f"{len(ids)} facts"
        fact = self.show(ids[0])
        return f"#{fact.id} ({brief(f'{fact.prompt} {fact.answer}')})"
