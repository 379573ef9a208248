"""Pieces: all are taken once, in order, and what was not brought is taken again."""

from __future__ import annotations

import threading

from greenroom.weights.transfer.pieces import Piece, Pieces


def test_pieces_are_cut_in_order() -> None:
    pieces = Pieces()
    assert pieces.plan([(0, 5), (7, 8)], 2) == 4
    assert [pieces.take() for _ in range(4)] == [Piece(0, 2), Piece(2, 4), Piece(4, 5), Piece(7, 8)]


def test_what_was_not_brought_comes_first() -> None:
    pieces = Pieces()
    pieces.plan([(0, 4)], 2)
    piece = pieces.take()
    assert piece is not None
    piece.start = 1
    pieces.give_back(piece)
    assert pieces.take() == Piece(1, 2)


def test_who_finds_none_waits_while_others_are_out() -> None:
    pieces = Pieces()
    pieces.add(Piece(0, 9))
    out = pieces.take()
    assert out is not None
    got: list[Piece | None] = []
    waiting = threading.Thread(target=lambda: got.append(pieces.take()))
    waiting.start()
    pieces.give_back(out)
    waiting.join(60)
    assert got == [out]
    out.start = 9
    pieces.give_back(out)
    assert pieces.take() is None


def test_closing_lets_all_go() -> None:
    pieces = Pieces()
    pieces.add(Piece(0, 9))
    pieces.take()
    waiting = threading.Thread(target=pieces.take)
    waiting.start()
    pieces.close()
    waiting.join(60)
    assert not waiting.is_alive()
    assert not Piece(3, None).is_done
