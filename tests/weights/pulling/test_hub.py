"""What the hub says of a repository, and its refusals in words that help."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from greenroom.errors import ExtraMissing, GreenroomError
from greenroom.settings import Settings
from greenroom.weights.pulling.errors import (
    HubAnswerInvalid,
    HubUnreachable,
    RepositoryGated,
    RepositoryUnknown,
    RevisionUnknown,
    WeightsOffline,
)
from greenroom.weights.pulling.hub import HOME, Hub
from tests.weights.hub import HubServer, git_sha1, sha256
from tests.weights.pulling.pulls import PATIENCE
from tests.weights.recipes import NETWORK, VOCABULARY


def of(server: HubServer, token: str | None = None, **more: Any) -> Hub:
    return Hub(server.url, token, patience=PATIENCE, **more)


def refused(
    hub: Hub, kind: type[GreenroomError], repository: str = "acme/tiny", revision: str | None = None
) -> GreenroomError:
    with pytest.raises(kind) as caught:
        hub.listing(repository, revision)
    said = caught.value.message + caught.value.mend
    assert "hf_" not in said
    assert "Request ID" not in said
    return caught.value


def test_sizes_and_hashes_of_a_commit(hub: HubServer) -> None:
    commit = hub.repository("acme/tiny").branches["main"]
    listing = of(hub).listing("acme/tiny", None)
    assert listing.commit == commit
    large, small = listing.files["net/model.safetensors"], listing.files["net/vocab.txt"]
    assert (large.size, large.sha256, large.etag) == (len(NETWORK), sha256(NETWORK), sha256(NETWORK))
    assert (small.size, small.sha256, small.etag) == (len(VOCABULARY), None, git_sha1(VOCABULARY))
    assert of(hub).listing("acme/tiny", commit) == listing


def test_a_repository_is_asked_for_once(hub: HubServer) -> None:
    asked = of(hub)
    assert asked.listing("acme/tiny", None) is asked.listing("acme/tiny", None)
    assert len([path for _, path, _ in hub.asked if path.startswith("/api/models/")]) == 1


def test_a_hub_that_is_busy_is_asked_again_and_then_given_up(hub: HubServer) -> None:
    hub.busy = 2
    assert of(hub).listing("acme/tiny", None).commit
    hub.busy = 100
    error = refused(of(hub), HubUnreachable)
    assert "answers with HTTP 503" in error.message
    assert error.retryable
    assert hub.busy == 100 - PATIENCE.tries


def test_a_hub_that_is_not_there(hub: HubServer) -> None:
    error = refused(Hub("http://127.0.0.1:1", None, patience=PATIENCE), HubUnreachable)
    assert "127.0.0.1:1 does not answer (ConnectError)" in error.message


def test_what_is_no_hub_is_said_to_be_none(hub: HubServer) -> None:
    hub.page = True
    assert "check HF_ENDPOINT" in refused(of(hub), HubAnswerInvalid).mend


def test_a_commit_that_is_none_names_no_folder(hub: HubServer) -> None:
    repository = hub.repository("acme/tiny")
    repository.branches["main"] = "../../etc"
    repository.commits["../../etc"] = {}
    refused(of(hub), HubAnswerInvalid)


def test_repositories_and_revisions_that_are_not_there(hub: HubServer) -> None:
    without = refused(of(hub), RepositoryUnknown, "acme/none")
    assert (without.code, "set HF_TOKEN" in without.mend) == ("hub-repository-unknown", True)
    assert "the token may read it" in refused(of(hub, "hf_other"), RepositoryUnknown, "acme/none").mend
    assert "no revision 'v9'" in refused(of(hub), RevisionUnknown, revision="v9").message


def test_a_gated_repository_says_where_to_accept_its_terms(hub: HubServer) -> None:
    hub.repository("acme/tiny").gated = True
    error = refused(of(hub), RepositoryGated)
    assert error.mend == f"accept them at {hub.url}/acme/tiny and set HF_TOKEN to a token of that account"
    assert "with the account of your token" in refused(of(hub, "hf_wrong"), RepositoryGated).mend
    assert of(hub, hub.token).listing("acme/tiny", None).files
    with_password = Hub(hub.url.replace("//", "//user:SECRET@"), None, patience=PATIENCE)
    assert f"at {hub.url}/acme/tiny and" in refused(with_password, RepositoryGated).mend


def test_offline_nobody_is_asked(hub: HubServer) -> None:
    refused(of(hub, offline=True), WeightsOffline)
    assert hub.asked == []


def test_the_client_s_own_word_for_offline_is_ours_too(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "unset HF_HUB_OFFLINE" in refused(of(hub), WeightsOffline).mend


def test_without_the_client_the_extra_is_named(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *more: Any, **named: Any) -> Any:
        if name.startswith("huggingface_hub"):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ExtraMissing) as caught:
        of(hub).listing("acme/tiny", None)
    assert caught.value.mend == 'pip install "greenroom[weights]"'


def test_settings_say_where_the_hub_is_and_who_asks() -> None:
    assert Hub.of(Settings()).endpoint == HOME
    named = Hub.of(Settings.check({"hf_endpoint": "https://mirror.org/", "hf_token": "hf_abc", "offline": True}))
    assert (named.endpoint, named.token, named.offline) == ("https://mirror.org", "hf_abc", True)
    assert named.headers == {"Authorization": "Bearer hf_abc"}
    assert "hf_abc" not in repr(named)
