"""The facts of a brain by themselves: read, hung on a model, saved and shared."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.attach import Attachment, attach
from adapters.host.sites import find_sites
from adapters.query.labels import Head
from adapters.query.lexicon import Lexicon
from adapters.write.rows import FactRows
from adapters.write.state import load_calibration
from oneshot.errors import BrainError
from oneshot.facts.brain.carried import read_folder
from oneshot.facts.brain.export import MODEL, check_rows, export_folder
from oneshot.facts.brain.files import CALIBRATION, CONFIG, Config, read_calibration
from oneshot.facts.brain.speaking import speaking, today
from oneshot.facts.rules import build_denoiser
from oneshot.facts.types import Statement

CARD = """---
library_name: oneshot
base_model: {host}
---

{count} facts for the model {host}, written by `oneshot`:

    import oneshot
    model, tokenizer = oneshot.load("{name}")
"""


@dataclass(frozen=True)
class Adapter:
    """Rows in canonical order, what each of them says by its key, and the folder of both.

    What follows from the taught facts is among them, with its `origins`.
    """

    folder: Path
    config: Config
    rows: FactRows | None
    facts: dict[str, Statement]

    @classmethod
    def from_pretrained(
        cls, name: Path | str, *, revision: str | None = None, token: str | None = None
    ) -> "Adapter":
        """Read a brain or an exported folder, or fetch an adapter of the hub by owner/name.

        Nothing of it is executed. Raises BrainError where there is none or it is damaged.
        """
        folder = Path(name).expanduser()
        if not folder.exists() and str(name).count("/") == 1:
            folder = _fetched(str(name), revision, token)
        carried = read_folder(folder)
        whole = carried.whole()
        if whole is None:
            return cls(folder, carried.config, None, {})
        rows, said = whole
        return cls(folder, carried.config, rows, dict(zip(rows.hex_keys(), said, strict=True)))

    @contextmanager
    def attach(self, model: Any, tokenizer: Any) -> Iterator[Attachment | None]:
        """Let the facts answer inside the context; the model is as before afterwards.

        Of facts with a time those answer that hold today. Gives what says which facts speak, None
        where there are no facts. The model is not compared with the one that the facts were taught
        on: `load` does that. Raises HostError for a model of another size, BrainError for rows of
        another form, OneshotError for a model that has facts attached already.
        """
        if self.rows is None:
            yield None
            return
        sites = find_sites(model)
        weight = sites.head.get_parameter("weight").detach()
        calibration = load_calibration(self.folder / CALIBRATION)
        check_rows(self.folder, self.rows, calibration, len(weight))
        head = Head(weight, None if sites.bias is None else sites.bias.detach())
        rows = speaking(self.rows, self.facts, today())
        made = build_denoiser(self.config.rule, Lexicon(calibration, head, tokenizer), rows)
        with attach(model, made) as attachment:
            yield attachment

    def save_pretrained(self, folder: Path | str) -> None:
        """Write the facts as an adapter folder: the bytes of `oneshot export`."""
        if self.rows is None:
            raise BrainError(f"{self.folder} holds no facts; teach one first")
        calibration = read_calibration(self.folder, self.config)
        whole = self.rows, [*self.facts.values()]
        export_folder(Path(folder), self.config, calibration, [whole])

    def push_to_hub(self, name: str, *, private: bool = True, token: str | None = None) -> str:
        """Send the facts, their texts among them, to the hub as owner/name; where they are then.

        Only you can read them unless `private` is False.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        api, count = HfApi(token=token), sum(not fact.origins for fact in self.facts.values())
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            card = CARD.format(host=self.config.host, count=count, name=name)
            (Path(folder) / "README.md").write_text(card, encoding="utf-8")
            try:
                api.create_repo(name, private=private, exist_ok=True)
                sent = api.upload_folder(
                    repo_id=name, folder_path=folder, commit_message=f"{count} facts"
                )
            except (HfHubHTTPError, HFValidationError, OSError) as error:
                reason = " ".join(str(error).split())[:150]
                raise BrainError(
                    f"{name!r} could not be sent to the hub ({reason}); give owner/name, and log "
                    "in with `hf auth login`"
                ) from error
        return str(sent.commit_url)


def _fetched(name: str, revision: str | None, token: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        files = [CONFIG, MODEL, CALIBRATION]
        return Path(snapshot_download(name, revision=revision, token=token, allow_patterns=files))
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise BrainError(
            f"{name!r} is no folder here, and cannot be had from the hub ({reason}); give a brain, "
            "an exported folder, or owner/name"
        ) from error
