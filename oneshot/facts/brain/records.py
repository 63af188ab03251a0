"""What a brain's journal and folder tell about its facts."""

from itertools import islice
from pathlib import Path

from adapters.write.state import load_calibration
from oneshot.errors import BadInputError, BrainError
from oneshot.facts.brain.files import CONFIG, Brain, Config, read_config
from oneshot.facts.brain.held.texts import Texts
from oneshot.facts.brain.ledger import Ledger
from oneshot.facts.types import Fact, Implied, Stats
from oneshot.memory.disk.closing import Closing
from oneshot.memory.disk.shelf import Shelf


class Records(Closing):
    """The facts of a brain as texts; needs no host."""

    def __init__(self, brain: Brain, config: Config) -> None:
        self.brain, self.config = brain, config

    @classmethod
    def open(cls, folder: Path) -> "Records":
        """Open a brain to look things up in it; BrainError where there is none."""
        config = read_config(folder)
        if config is None:
            raise BrainError(f"{folder} has no {CONFIG}; give the --brain that you mean")
        brain = Brain(folder)
        if next(brain.journal.entries(None), None) is None and brain.store.names():  # it was lost
            Ledger(brain, load_calibration(brain.calibration), {})
        return cls(brain, config)

    def facts(
        self, state: str | None = "live", *, after: int = 0, limit: int | None = None
    ) -> list[Fact]:
        """The facts in one state, or all; those behind the id `after`, and at most `limit`."""
        return list(islice(self.brain.journal.entries(state, after), limit))

    def show(self, id: int) -> Fact:
        """One fact; raises BadInputError for an unknown id."""
        entry = self.brain.journal.get(id)
        if entry is None:
            raise BadInputError(f"there is no fact #{id}; see `oneshot list`")
        return entry

    def by_subject(self, subject: str) -> list[Fact]:
        """The live facts about exactly this subject."""
        return self.brain.journal.by_subject(subject)

    def search(self, text: str, limit: int = 10) -> list[Fact]:
        """Live facts that contain the text."""
        return self.brain.journal.search(text, limit)

    def implied(self) -> list[Implied]:
        """What follows from the live facts, in the order of the facts; it lies in the weights."""
        texts = [*Texts(Shelf(self.brain.store.open())).all_implied().values()]
        ids = self.brain.journal.by_keys({key for told in texts for key in told.origins})
        live = {key: fact.id for key, fact in ids.items() if fact.state == "live"}
        found = []
        for told in texts:
            sources = tuple(sorted(live[key] for key in told.origins if key in live))
            found.append(Implied(told.prompt, told.answer, told.subject or "", told.rule, sources))
        return sorted(found, key=lambda i: (i.origins, i.prompt))

    def history(self, id: int) -> list[Fact]:
        """All versions of a fact, oldest first."""
        return self.brain.journal.history(self.show(id).id)

    def stats(self) -> Stats:
        """Counts and sizes."""
        counts, store = self.brain.journal.counts(), self.brain.store
        config = self.config
        return Stats(
            config.host,
            config.rule,
            counts["live"],
            counts["superseded"],
            counts["forgotten"],
            len(store.names()),
            store.count_bytes(),
        )

    def close(self) -> None:
        """Close the brain."""
        self.brain.close()
