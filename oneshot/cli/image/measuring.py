"""What a finished run is measured by: what it gets right, and how sure it may be."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from oneshot.cli.image.display import reading_report
from oneshot.cli.image.options import chosen_device
from oneshot.cli.session import SESSION

if TYPE_CHECKING:
    from oneshot.images.data import ImageSet
else:
    ImageSet = Any  # annotations are evaluated where types are checked at run time


def measure(out: Path, images: ImageSet, record: dict[str, Any]) -> None:
    """Print the record of a finished run with what its model gets right; keep its calibration."""
    from oneshot.images.calibration import calibrate
    from oneshot.images.model import accuracy
    from oneshot.images.trained import load_trained
    from oneshot.images.training.parallel import read_joined

    trained = load_trained(out, chosen_device())
    n = len(images.test_labels)
    with reading_report(SESSION.get().output) as report:
        share = accuracy(trained.classifier(), images.test_images, images.test_labels, report)
    found = calibrate(trained.classifier(), images, read_joined(out).step)
    found.save(out)
    text = (
        f"test accuracy {share:.4f} of {n:,}, calibration error {found.error:.4f} of {found.n:,}, "
        f"saved in {out}"
    )
    measured = {"test_accuracy": share, "n": n, "calibration_error": found.error}
    SESSION.get().output.outcome(measured | record, text)
