"""What a brain's journal and folder tell about its facts."""

from itertools import islice

from oneshot.errors import BadInputError
from oneshot.facts.brain.files import Brain, Config
from oneshot.facts.types import Fact, Stats
from oneshot.memory.disk.closing import Closing


class Records(Closing):
    """The facts of a brain as texts; needs no host."""

    def __init__(self, brain: Brain, config: Config) -> None:
        self.brain, self.config = brain, config

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
