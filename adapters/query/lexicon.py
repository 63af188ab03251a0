"""What all denoisers of a host share: its tokens, as they are read and as they are said."""

from functools import cached_property
from typing import Any

from adapters.address.calibration import Calibration
from adapters.query.labels import Head, SayableLabels
from adapters.text.pieces import Pieces


class Lexicon:
    """A host's tokens; what was found out about them serves the next denoiser as well."""

    def __init__(self, calibration: Calibration, head: Head, tokenizer: Any) -> None:
        self.calibration, self.head, self.tokenizer = calibration, head, tokenizer
        self.label = SayableLabels(calibration.labels, head, calibration.scale)

    @cached_property
    def pieces(self) -> Pieces:
        """The characters behind the tokens."""
        return Pieces.of(self.tokenizer)
