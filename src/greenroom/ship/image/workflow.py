"""The GitHub workflow: build, prove, and only then push, by digest, with an SBOM and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.ship.image.blueprint import Blueprint

# Releases by the commit that they are: a tag can be moved.
_CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
_PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"
_BUILDX = "docker/setup-buildx-action@e468171a9de216ec08956ac3ada2f0791b6bd435 # v3.11.1"
_LOGIN = "docker/login-action@184bdaa0721073962dff0199f1fb9940f07167d1 # v3.5.0"
_BUILD = "docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83 # v6.18.0"


def workflow(blueprint: Blueprint, wheel: str) -> str:
    """The whole file. Two jobs, so that what a pull request brings never runs with the right to push."""
    return f"""\
name: image

on:
  push:
    branches: [main]
    tags: ["v*"]
  pull_request:

permissions:
  contents: read

concurrency:
  group: image-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
  prove:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    timeout-minutes: 90
    steps:
{_proven(blueprint, wheel)}
  publish:
    if: github.event_name != 'pull_request'
    runs-on: ubuntu-latest
    timeout-minutes: 90
    permissions:
      contents: read
      packages: write
    steps:
{_proven(blueprint, wheel)}
{_PUSHED}"""


def _proven(blueprint: Blueprint, wheel: str) -> str:
    return f"""\
      - uses: {_CHECKOUT}
        with:
          persist-credentials: false
      - uses: {_PYTHON}
        with:
          python-version: "{blueprint.python}"
      - name: Install greenroom
        run: python -m pip install --constraint constraints.txt "./{wheel}[ship]"
      - uses: {_BUILDX}
      - name: Build
        uses: {_BUILD}
        with:
          context: .
          load: true
          tags: {blueprint.model}:proving
          cache-from: type=gha
          cache-to: type=gha,mode=max
      - name: Prove that it starts
        run: greenroom build -o . --prove --image {blueprint.model}:proving
"""


_PUSHED = f"""\
      - name: Log in
        uses: {_LOGIN}
        with:
          registry: ghcr.io
          username: ${{{{ github.actor }}}}
          password: ${{{{ secrets.GITHUB_TOKEN }}}}
      - name: Name the image
        run: |
          # A registry takes no capitals.
          echo "IMAGE=ghcr.io/${{GITHUB_REPOSITORY,,}}" >>"$GITHUB_ENV"
      # The layers are those that were proven: they come from the builder that made them a moment ago.
      - name: Push by digest
        id: push
        uses: {_BUILD}
        with:
          context: .
          cache-from: type=gha
          outputs: type=image,name=${{{{ env.IMAGE }}}},push-by-digest=true,name-canonical=true,push=true
          sbom: true
          provenance: mode=max
      - name: Name what was pushed
        env:
          DIGEST: ${{{{ steps.push.outputs.digest }}}}
        run: |
          docker buildx imagetools create --tag "$IMAGE:$GITHUB_SHA" "$IMAGE@$DIGEST"
          echo "\\`$IMAGE@$DIGEST\\`" >>"$GITHUB_STEP_SUMMARY"
"""
