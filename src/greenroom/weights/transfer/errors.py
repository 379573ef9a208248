"""What can go wrong between an address and a verified file.

GreenroomError
└── TransferError           a file did not come
    ├── Refused             the host will not give it, however often it is asked
    │   ├── AddressInvalid  the address is none, or holds a password
    │   ├── LoginNeeded     401: it wants to know who asks, or the token is not valid
    │   ├── Forbidden       403: whoever asks may not have it
    │   ├── NotThere        404, 410: there is no such file
    │   ├── Withheld        451: not for legal reasons
    │   ├── RedirectRefused the address leads round in a circle, too far, or to where no file may come from
    │   ├── WrongAnswer     what comes is no such file: packed, a web page, without an end, another status
    │   └── WrongSize       the host's file has another length than the one that is wanted
    ├── Unreachable         no connection                                                     (tried again)
    ├── Interrupted         the answer broke off, stalled or was not HTTP                      (tried again)
    ├── HostBusy            408, 429, 5xx                                                      (tried again)
    ├── ContentChanging     the host has another version of the file at every try              (tried again)
    ├── WrongDigest         all bytes came, and they are not the right ones                    (tried again)
    ├── NoRoom              the disk is too small for it
    └── DiskFailed          the disk refuses it

Those that are tried again are ``retryable``: once ``fetch`` has raised one, its tries are used up, and a later run goes
on from what has arrived. No message holds a token or the query of an address, which may be a signature.
"""

from __future__ import annotations

from greenroom.errors import GreenroomError


class TransferError(GreenroomError):
    """A file did not come."""

    code = "transfer-failed"


class Refused(TransferError):
    """The host will not give the file, however often it is asked."""

    code = "transfer-refused"


class AddressInvalid(Refused):
    """What should be the address of a file is none, or holds a password."""

    code = "transfer-address"


class LoginNeeded(Refused):
    """401: the host wants to know who asks, or does not know the token."""

    code = "transfer-unauthorised"


class Forbidden(Refused):
    """403: whoever asks may not have the file."""

    code = "transfer-forbidden"


class NotThere(Refused):
    """404 or 410: the host has no such file."""

    code = "transfer-not-found"


class Withheld(Refused):
    """451: the host may not give the file, for legal reasons."""

    code = "transfer-withheld"


class RedirectRefused(Refused):
    """The address leads in a circle, too far, or to where no file may come from."""

    code = "transfer-redirect"


class WrongAnswer(Refused):
    """What the host gives is not the file."""

    code = "transfer-answer"


class WrongSize(Refused):
    """The host's file has another length than the one that is wanted."""

    code = "transfer-size"


class Unreachable(TransferError):
    """No connection to the host: its name, its port or its certificate."""

    code = "transfer-unreachable"
    retryable = True


class Interrupted(TransferError):
    """The answer broke off, stalled, or was not what HTTP says it should be."""

    code = "transfer-interrupted"
    retryable = True


class HostBusy(TransferError):
    """The host cannot answer now. retry_after_s: when to come again, if it says so."""

    code = "transfer-busy"
    retryable = True

    def __init__(self, message: str, *, mend: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, mend=mend)
        self.retry_after_s = retry_after_s


class ContentChanging(TransferError):
    """The host gives another version of the file at every try."""

    code = "transfer-changing"
    retryable = True


class WrongDigest(TransferError):
    """Every byte came, twice, and they are not the right ones. expected, found: the digests, in hexadecimal."""

    code = "transfer-digest"
    retryable = True

    def __init__(self, message: str, *, expected: str, found: str, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.expected, self.found = expected, found


class NoRoom(TransferError):
    """The disk, or the user's share of it, is too small."""

    code = "transfer-no-room"


class DiskFailed(TransferError):
    """The disk does not take the file, or does not give it back."""

    code = "transfer-disk"
