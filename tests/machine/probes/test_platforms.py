"""The system, the container, the platform around, and what serve and pull will meet."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from greenroom.machine.host import Token
from greenroom.machine.probes.disks import Mount
from greenroom.machine.probes.network import find_network, form_fault
from greenroom.machine.probes.platforms import find_platform
from greenroom.settings import Settings
from tests.machine.probes.trees import tree

RELEASE = 'PRETTY_NAME="Ubuntu 22.04.4 LTS"\nID=ubuntu\nVERSION_ID="22.04"\n# a comment\n'
SECRET = "hf_" + "a1B2" * 8


def test_the_system(tmp_path: Path) -> None:
    platform = find_platform(tree(tmp_path, {"etc/os-release": RELEASE}), {}, ())
    assert (platform.os, platform.os_release, platform.title) == ("ubuntu", "22.04", "Ubuntu 22.04.4 LTS")
    assert (platform.container, platform.runpod, platform.volumes) == (None, None, ())


@pytest.mark.parametrize(
    ("files", "environ", "container"),
    [
        ({".dockerenv": ""}, {}, "docker"),
        ({"run/.containerenv": ""}, {}, "podman"),
        ({".dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ({}, {"container": "systemd-nspawn"}, "systemd-nspawn"),
        ({"proc/1/cgroup": "4:memory:/docker/0f3e\n"}, {}, "docker"),
        ({"proc/1/cgroup": "0::/init.scope\n"}, {}, None),
    ],
)
def test_the_container(tmp_path: Path, files: dict[str, str], environ: dict[str, str], container: str | None) -> None:
    assert find_platform(tree(tmp_path, files), environ, ()).container == container


def test_runpod_and_its_volumes(tmp_path: Path) -> None:
    root = Mount("/", "overlay", read_only=False)
    volume = Mount("/runpod-volume", "fuse.mfs", read_only=False)
    serverless = find_platform(tmp_path, {"RUNPOD_ENDPOINT_ID": "e", "RUNPOD_POD_ID": "p"}, (root, volume))
    assert (serverless.runpod, serverless.volumes) == ("serverless", ("/runpod-volume",))
    pod = find_platform(tmp_path, {"RUNPOD_POD_ID": "p"}, (root, Mount("/workspace/deep", "nfs4", read_only=False)))
    assert (pod.runpod, pod.volumes) == ("pod", ())


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (SECRET, ""),
        ("hf_abc", ""),
        ("api_org_" + "x" * 34, ""),
        ("", "empty"),
        ("   ", "empty"),
        (f" {SECRET}", "white space around"),
        (f"{SECRET}\n", "white space around"),
        (f'"{SECRET}"', "quotation marks"),
        (f"{SECRET} {SECRET}", "white space in"),
        ("sk-123", "does not begin with hf_"),
    ],
)
def test_the_form_of_a_token(token: str, fault: str) -> None:
    assert fault in form_fault(token)
    assert bool(form_fault(token)) == bool(fault)


def test_a_token_of_a_mirror_may_begin_in_any_way() -> None:
    assert form_fault("mirror-123", mirror=True) == ""
    assert form_fault("mirror 123", mirror=True)
    settings = Settings(hf_token=SecretStr("mirror-123"), hf_endpoint="https://mirror.example", port=0)
    assert find_network(settings, {}).token == Token("HF_TOKEN")


@given(st.text(min_size=8))
def test_no_fault_repeats_the_token(token: str) -> None:
    assert token not in form_fault(token)


def test_the_token_of_the_settings_comes_first(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    settings = Settings(hf_token=SecretStr("hf_x"), hf_home=tmp_path, port=0)
    assert find_network(settings, {}).token == Token("HF_TOKEN")


def test_the_token_of_the_hubs_client(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    settings = Settings(hf_home=tmp_path, port=0)
    assert find_network(settings, {}).token == Token(str(file))
    file.chmod(0o644)
    assert find_network(settings, {}).token == Token(str(file), exposed=str(file))
    assert SECRET not in repr(find_network(settings, {}))
    assert find_network(Settings(hf_home=tmp_path / "none", port=0), {}).token is None
    (tmp_path / "huggingface").mkdir()
    (tmp_path / "huggingface" / "token").write_text(f"{SECRET}\n")
    in_cache = find_network(Settings(port=0), {"XDG_CACHE_HOME": str(tmp_path)}).token
    assert in_cache is not None
    assert in_cache.place == str(tmp_path / "huggingface" / "token")
    elsewhere = find_network(Settings(port=0), {"HF_TOKEN_PATH": str(file)}).token
    assert elsewhere is not None
    assert elsewhere.place == str(file)


def test_a_port_that_is_free_and_one_that_is_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        taken = find_network(Settings(port=port, hf_home=tmp_path), {})
        assert taken.bind_error == errno.EADDRINUSE
    assert find_network(Settings(port=0, hf_home=tmp_path, offline=True), {}).bind_error is None
    elsewhere = find_network(Settings(host="192.0.2.1", port=0, hf_home=tmp_path), {})
    assert elsewhere.bind_error == errno.EADDRNOTAVAIL
    assert find_network(Settings(host="localhost", port=0, hf_home=tmp_path), {}).bind_error is None
    assert find_network(Settings(host="my.name", port=0, hf_home=tmp_path), {}).bind_error is None
