"""Queries, keys and values between their linear layer and attention: normed by head, rotated, put where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torch.nn import functional

from greenroom.nn.rotary import RotaryTables, rotate

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Placement(NamedTuple):
    """By what angles tokens are turned, and where they go.

    tables: of angles, float32 (angles, head_dim / 2).  turns: int32 (tokens,), each token's row of the tables.  places:
    int32 (tokens,), its row of the result, rising.
    """

    tables: RotaryTables
    turns: Tensor
    places: Tensor

    def of(self, tokens: slice) -> Placement:
        """Of a run of tokens, whose places are counted from the first."""
        places = self.places[tokens]
        return Placement(self.tables, self.turns[tokens], places - places[0])

    def to(self, device: torch.device) -> Placement:
        """The same on a device."""
        tables = RotaryTables(self.tables.cos.to(device), self.tables.sin.to(device))
        return Placement(tables, self.turns.to(device), self.places.to(device))

    def with_angles_on(self, device: torch.device) -> Placement:
        """The same with its tables on a device."""
        return self._replace(tables=self.to(device).tables)


def place_heads(
    qkv: Tensor, query_weight: Tensor, key_weight: Tensor, eps: float, placement: Placement, out: Tensor
) -> None:
    """Norm queries and keys by head, rotate them, and write them and the values to rows of ``out``.

    qkv: (tokens, parts * heads * head_dim), queries, keys and values side by side, or queries alone.  query_weight,
    key_weight: (head_dim,), of their root mean square norms.  placement: of the tokens.  out: (parts, rows, heads,
    head_dim); other rows stay as they are. On a GPU this is one pass, and the width of a head is a power of two.
    """
    if qkv.is_cuda:
        from greenroom.nn.kernels import heads

        heads.place_heads(qkv, query_weight, key_weight, eps, placement, out)
        return
    parts, _, count, width = out.shape
    given = qkv.view(-1, parts, count, width)
    tables, turns, places = placement
    turned = RotaryTables(tables.cos[turns, None], tables.sin[turns, None])
    for part, weight in enumerate((query_weight, key_weight)[:parts]):
        out[part, places] = rotate(functional.rms_norm(given[:, part], (width,), weight, eps), turned)
    out[2:, places] = given[:, 2:].transpose(0, 1)
