"""Packages that are built for one release of torch: torchvision, torchaudio, xformers, triton."""

from __future__ import annotations

from greenroom.machine.facts.fact import Fact, by_name, fact, part, strings, table
from greenroom.machine.facts.torch import releases, torch_release
from greenroom.machine.versions import release

# From this one on xformers uses torch's stable ABI and runs with every later torch; its changelog says so.
_XFORMERS_STABLE = ((0, 0, 34), (2, 10))


def torch_for_package(name: str, version: str) -> Fact[str] | None:
    """The torch release that a release of a package was built for; None where the tables do not know it.

    name: ``torchvision``, ``torchaudio`` or ``xformers``.
    """
    version = version.partition("+")[0]
    pins = table("packages")["pins"].get(name)
    if pins is not None:
        known = fact(pins, by_name)
        if version in known.value:
            return part(known, known.value[version])
    for of in releases():
        if of.partners is not None and release(of.partners.value.get(name, "")) == release(version):
            return part(of.partners, of.version)
    return None


def goes_with(name: str, version: str, torch: str) -> Fact[bool] | None:
    """Whether a release of a package goes with a torch release; None where the tables do not know."""
    if name == "xformers" and release(version) >= _XFORMERS_STABLE[0]:
        return Fact(release(torch) >= _XFORMERS_STABLE[1], verified=True, sources=("xformers-changelog",))
    built_for = torch_for_package(name, version)
    return None if built_for is None else part(built_for, release(built_for.value) == release(torch))


def triton_of(torch: str) -> Fact[str] | None:
    """The triton that the ordinary index brings with a torch release."""
    known = torch_release(torch)
    if known is None or "triton" not in known.default_pins.value:
        return None
    return part(known.default_pins, known.default_pins.value["triton"])


def partner(name: str, torch: str) -> Fact[str] | None:
    """The release of torchvision, torchaudio or xformers that was made for a torch release."""
    known = torch_release(torch)
    if known is not None and known.partners is not None and name in known.partners.value:
        return part(known.partners, known.partners.value[name])
    pins = fact(table("packages")["pins"][name], by_name)
    made = [version for version, of in pins.value.items() if release(of) == release(torch)]
    return part(pins, max(made, key=release)) if made else None


def pin_notes() -> tuple[Fact[str], ...]:
    """What the pins do not say, in sentences."""
    return tuple(fact(said, str) for said in table("packages")["notes"])


def numpy_notes() -> tuple[Fact[str], ...]:
    """What is known of NumPy beside torch, in sentences."""
    return tuple(fact(said, str) for said in table("packages")["numpy"])


def not_on_torch_index(name: str) -> Fact[str] | None:
    """A package that torch's own index does not carry; None for those that it may have."""
    for said in table("packages")["not_on_torch_index"].values():
        known = fact(said, strings)
        if name in known.value:
            return part(known, name)
    return None


def first_torch_for_numpy_2() -> Fact[str]:
    """The first torch that was compiled for NumPy 2."""
    return fact(table("packages")["numpy_2"], str)


def hub_gone(kind: str) -> tuple[str, ...]:
    """All ``commands`` or ``extras`` that the model hub's client has lost."""
    return tuple(fact(table("packages")["hub"][f"{kind}_gone"], by_name).value)


def hub_lost(kind: str, name: str) -> Fact[str] | None:
    """The release of the model hub's client that lost one of its ``commands`` or ``extras``; None: it has it."""
    known = fact(table("packages")["hub"][f"{kind}_gone"], by_name)
    return part(known, known.value[name]) if name in known.value else None


def meant(name: str) -> Fact[str] | None:
    """The package that is meant by a name which is on no index; None for other names."""
    known = fact(table("packages")["misnamed"], by_name)
    return part(known, known.value[name]) if name in known.value else None
