"""Networks as a device computes them."""

from __future__ import annotations

from greenroom.models.seedvr2.planning.costs import Networks, networks_on
from greenroom.recipes.catalogue import recipe


def test_a_cpu_computes_in_twice_the_bytes() -> None:
    published = Networks.published(recipe("seedvr2-3b"))
    assert networks_on("cuda:0", published) == published
    doubled = networks_on("cpu", published)
    assert (doubled.transformer, doubled.vae, doubled.itemsize) == (2 * published.transformer, 2 * published.vae, 4)
    assert networks_on("cpu", doubled) == doubled
    small = Networks.published(recipe("seedvr2-3b"), "q8_0")
    assert networks_on("cpu", small).transformer == small.transformer
    assert networks_on("cuda:0+cuda:1", published).ranks == 2
