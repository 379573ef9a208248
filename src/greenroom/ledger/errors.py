"""What can go wrong with a ledger as a whole."""

from __future__ import annotations

from greenroom.errors import FileUnreadable


class LedgerUnreadable(FileUnreadable):
    """A ledger cannot be looked at: no such folder or revision, or a file of it that cannot be read."""

    code = "ledger-unreadable"
    exit_code = 2
