"""The package's writers as learners of a protocol."""

from jaxtyping import Float, Int8, Int64
from torch import Tensor

from experiments.classes.learning.rivals import Labels
from oneshot.classes.writers.sharpness import Evidence
from oneshot.classes.writers.tallied import TalliedWriter


class Written:
    """A writer that is given codes and coordinates; classes are named by their places."""

    def __init__(self, writer: TalliedWriter) -> None:
        self.writer = writer

    def learn(self, codes: Int8[Tensor, "n width"], labels: Int64[Tensor, " n"]) -> None:
        """Write the classes of a step one after another."""
        for label in labels.unique():
            self.writer.add_codes(f"{int(label):04}", codes[labels == label])

    def predict(self, coordinates: Float[Tensor, "n width"]) -> Labels:
        """The likeliest class."""
        return self.writer.answers(coordinates).argmax(1)

    def taught(self, coordinates: Float[Tensor, "n width"]) -> Float[Tensor, " n"]:
        """How much more likely the likeliest class is than none of them."""
        ratios = self.writer.over_none(coordinates)
        return Evidence(ratios, ratios).known
