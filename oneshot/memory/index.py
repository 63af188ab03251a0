"""Nearest facts by their codes: who resembles whom, for receipts and for examinations."""

from collections.abc import Sequence

import faiss
import numpy as np
from jaxtyping import Float
from torch import Tensor


class NearestFacts:
    """Cosine search over fact ids that can be added and removed one by one."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: Float[Tensor, "n dimension"]) -> None:
        """Enter facts; a vector is taken at length 1."""
        self._index.add_with_ids(_unit(vectors), np.asarray(ids, dtype=np.int64))

    def remove(self, ids: Sequence[int]) -> None:
        """Take facts out; unknown ids are ignored."""
        self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(ids, dtype=np.int64)))

    def search(self, vector: Float[Tensor, " dimension"], count: int) -> list[tuple[int, float]]:
        """The nearest facts and their cosines, the nearest first."""
        if len(self) == 0:
            return []
        cosines, ids = self._index.search(_unit(vector[None]), min(count, len(self)))
        return [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]


def _unit(vectors: Tensor) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    values = np.ascontiguousarray(vectors.detach().cpu().float().numpy())
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    unit: np.ndarray[tuple[int, int], np.dtype[np.float32]] = values / np.maximum(norms, 1e-12)
    return unit
