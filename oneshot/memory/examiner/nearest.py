"""Nearest facts by their codes: who resembles whom, for receipts and for examinations."""

from collections.abc import Sequence

import faiss
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


class NearestFacts:
    """Cosine search over fact ids that can be added and removed one by one."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
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

    def vector(self, fact: int) -> Float[Tensor, " dimension"]:
        """The code of a fact, which has to be here, at length 1."""
        return torch.from_numpy(self._index.reconstruct(fact))

    def nearest(self, ids: Sequence[int], count: int) -> list[list[tuple[int, float]]]:
        """Of each of these facts, which have to be here: the nearest others and their cosines."""
        if not ids:
            return []
        vectors = self._index.reconstruct_batch(np.asarray(ids, dtype=np.int64))
        cosines, found = self._index.search(vectors, min(count + 1, len(self)))
        return [
            [(int(o), float(c)) for o, c in zip(others, near, strict=True) if o not in (own, -1)][
                :count
            ]
            for own, others, near in zip(ids, found, cosines, strict=True)
        ]


def _unit(vectors: Tensor) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    values = np.ascontiguousarray(vectors.detach().cpu().float().numpy())
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    unit: np.ndarray[tuple[int, int], np.dtype[np.float32]] = values / np.maximum(norms, 1e-12)
    return unit
