"""How many bytes of tensors live at once, counted one by one, whoever makes them."""

from __future__ import annotations

import weakref
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _Counted:
    """Of all tensors that were made in here. held: those that live.  peak: that lived at once."""

    def __init__(self) -> None:
        super().__init__()
        self.held = self.peak = 0
        self._known: set[int] = set()

    def _through(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What it gives, and what of it is new is counted."""
        for given in tree_leaves((args, kwargs)):
            if _counts(given):
                self._know(given.untyped_storage())
        out = func(*args, **(kwargs or {}))
        for made in tree_leaves(out):
            if _counts(made):
                self._count(made.untyped_storage())
        return out

    def _know(self, storage: Any) -> None:
        """Note what was there before: it is not counted, but what takes its place once it is gone is."""
        key = storage._cdata
        if key not in self._known:
            self._known.add(key)
            weakref.finalize(storage, self._known.discard, key)

    def _count(self, storage: Any) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.held += size
        self.peak = max(self.peak, self.held)
        weakref.finalize(storage, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.held -= size


class Counting(_Counted, TorchDispatchMode):  # type: ignore[no-untyped-call] # torch gives it no types
    """Operation by operation, those within others too."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._through(func, args, kwargs)


class CountingCalls(_Counted, TorchFunctionMode):
    """Call by call, as code has them: what a call lets go before it ends is not seen."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._through(func, args, kwargs)


def _counts(given: object) -> bool:
    return isinstance(given, Tensor)
