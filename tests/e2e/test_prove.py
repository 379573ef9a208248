"""An image of greenroom, really built and started, spoken to and stopped; and one that was broken on purpose, found.

CI makes the base and says which by IMAGE_TEST_BASE: Debian 12, from its packages (.ci/image_base). Where that is said,
nothing is skipped: without an engine the tests fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom.progress import silent
from greenroom.ship.image.blueprint import Wanted
from greenroom.ship.image.choosing import decide
from greenroom.ship.image.files import files_of, write
from greenroom.ship.image.locking import locked
from greenroom.ship.prove.building import build
from greenroom.ship.prove.engine import Engine, EngineMissing, find_engine
from greenroom.ship.prove.proof import Proof
from greenroom.ship.prove.proving import prove
from greenroom.ship.prove.pushing import push
from greenroom.ship.prove.scenarios import chosen
from greenroom.ship.prove.trying import Proving

BASE = os.environ.get("IMAGE_TEST_BASE")
BROKEN = """\
FROM {base}
RUN echo '#!/bin/sh' > /start.sh && \\
    echo 'set -eu' >> /start.sh && \\
    echo 'exec sleep 600' && \\
    chmod +x /start.sh
EXPOSE 8000
CMD ["/start.sh"]
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    if BASE is None:
        pytest.skip("IMAGE_TEST_BASE=$(.ci/image_base), as root, makes a base for images; .ci/run does")
    try:
        return find_engine()
    except EngineMissing as error:
        pytest.fail(f"{error.message}; {error.mend}")


@pytest.fixture
def proved(engine: Engine) -> Iterator[Callable[[Proving], Proof]]:
    """Proves, and leaves no image behind."""
    proofs: list[Proof] = []

    def prove_it(asked: Proving) -> Proof:
        proofs.append(prove(asked, silent))
        return proofs[-1]

    yield prove_it
    for proof in proofs:
        engine.ask("rmi", "--force", proof.image)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("image")
    write(files_of(locked(decide(Wanted("voice-joe", base=str(BASE))))), folder)
    yield folder
    shutil.rmtree(folder)


def test_the_image_of_the_voice_starts_speaks_and_stops_however_it_is_started(
    engine: Engine, proved: Callable[[Proving], Proof], voice: Path
) -> None:
    proof = proved(Proving(voice, engine, chosen([])))
    assert proof.findings == ()
    outcomes = {trial.scenario: trial.outcome for trial in proof.trials}
    assert outcomes.pop("low-disk") == "refused"
    assert set(outcomes.values()) == {"served"}
    for trial in proof.trials:
        print(trial.scenario, *(f"{step.name} {step.seconds:.1f} s" for step in trial.steps))


def test_a_push_gives_the_digest(engine: Engine, tmp_path: Path) -> None:
    """Of a small image: to pack a large one takes as long as to start it several times."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    built = build(engine, tmp_path, "localhost/greenroom-push:1")
    assert built.findings == ()
    try:
        if engine.name == "podman":
            assert "@sha256:" in push(engine, built.tag, f"oci:{tmp_path}/pushed")
    finally:
        engine.ask("rmi", "--force", built.tag)


def test_a_script_that_lost_its_server_is_found(
    engine: Engine, proved: Callable[[Proving], Proof], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(BROKEN.format(base=BASE))
    proof = proved(Proving(tmp_path, engine, chosen(["no-network"])))
    assert (proof.findings[0].code, proof.findings[0].place) == ("port-absent", "Dockerfile:7")
    # The start shows that nothing serves; the file shows the echo that lost its redirection.
    assert "Dockerfile:4" in {found.place for found in proof.findings[1:]}


def test_a_build_that_fails_names_its_line(engine: Engine, proved: Callable[[Proving], Proof], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {BASE}\nRUN true\nRUN \\\n    nosuchprogram --now\nEXPOSE 1\nCMD true\n"
    )
    proof = proved(Proving(tmp_path, engine, chosen(["no-network"])))
    found = proof.findings[0]
    assert found.place == "Dockerfile:3"
    assert "nosuchprogram" in found.message
