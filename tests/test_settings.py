"""Flags over environment over a file over defaults, and every value says where it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.settings import Settings, resolve, variable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "greenroom" / "config.toml"
    path.parent.mkdir()
    path.write_text('# mine\nvoice = "from-file"\nhf_token = "hf_1234567"\n')
    return path


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path), **more}


def test_defaults_without_anything(tmp_path: Path) -> None:
    resolved = resolve(environ=environ(tmp_path))
    assert resolved.settings == Settings()
    assert {row.source for row in resolved.rows()} == {"default"}
    assert resolved.findings == ()


def test_each_layer_wins_over_the_next(tmp_path: Path, file: Path) -> None:
    assert str(resolve(environ=environ(tmp_path)).origins["voice"]) == f"file {file}:2"
    env = environ(tmp_path, GREENROOM_VOICE="from-env")
    by_environment = resolve(environ=env)
    assert by_environment.settings.voice == "from-env"
    assert str(by_environment.origins["voice"]) == "environment GREENROOM_VOICE"
    by_flag = resolve({"voice": "from-flag", "hf_home": None}, environ=env)
    assert by_flag.settings.voice == "from-flag"
    assert str(by_flag.origins["voice"]) == "flag --voice"


def test_names_that_users_already_set_are_read(tmp_path: Path) -> None:
    settings = resolve(environ=environ(tmp_path, HF_HOME="/hub", CUDA_VISIBLE_DEVICES="1")).settings
    assert settings.hf_home == Path("/hub")
    assert settings.cuda_visible_devices == "1"


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert resolve(environ=environ(tmp_path, HF_HOME="")).settings.hf_home is None


def test_no_gpu_is_a_setting_and_a_path_may_begin_at_home(tmp_path: Path) -> None:
    env = environ(tmp_path, CUDA_VISIBLE_DEVICES="", GREENROOM_WHISPERX_PYTHON="~/whisperx/bin/python")
    resolved = resolve(environ=env)
    assert resolved.settings.cuda_visible_devices == ""
    assert resolved.origins["cuda_visible_devices"].source == "environment"
    assert resolved.settings.whisperx_python == Path.home() / "whisperx/bin/python"


def test_a_password_in_an_address_is_masked(tmp_path: Path) -> None:
    rows = resolve(environ=environ(tmp_path, HF_ENDPOINT="https://me:hidden@mirror.example")).rows()
    assert {row.name: row.value for row in rows}["hf_endpoint"] == "https://********@mirror.example"


def test_secrets_are_masked_everywhere(tmp_path: Path, file: Path) -> None:
    resolved = resolve(environ=environ(tmp_path, RUNPOD_API_KEY="rp_1234567"))
    shown = repr(resolved) + repr(resolved.rows()) + repr(resolved.settings.model_dump(mode="json"))
    assert "1234567" not in shown
    row = {row.name: row for row in resolved.rows()}["hf_token"]
    assert row.value == "********"
    assert resolved.settings.hf_token is not None
    assert resolved.settings.hf_token.get_secret_value() == "hf_1234567"


def test_unknown_names_are_findings_with_place_and_likeliest(tmp_path: Path, file: Path) -> None:
    file.write_text('voice = "x"\n\nvoise = "y"\n[servers]\nport = 1\n')
    findings = resolve(environ=environ(tmp_path, GREENROOM_TRACEBAK="1")).findings
    by_message = {finding.message: finding for finding in findings}
    assert by_message["there is no setting 'voise'"].line == 3
    assert "did you mean voice?" in by_message["there is no setting 'voise'"].mend
    assert by_message["there is no setting 'servers'"].line == 4
    assert "did you mean GREENROOM_TRACEBACK?" in by_message["nothing reads the variable GREENROOM_TRACEBAK"].mend


def test_a_value_of_the_wrong_kind_is_refused_with_its_place_and_without_the_value(tmp_path: Path, file: Path) -> None:
    file.write_text("hf_token = 17\n")
    with pytest.raises(InputInvalid) as caught:
        resolve(environ=environ(tmp_path))
    assert f"{file}:1" in caught.value.message
    assert "17" not in caught.value.message.replace(str(file), "")


@pytest.mark.parametrize("content", [b"voice = ", b"\xff\xfe"])
def test_a_broken_file_is_named(tmp_path: Path, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"config\.toml"):
        resolve(environ=environ(tmp_path))


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"no settings file .*other\.toml"):
        resolve(environ=environ(tmp_path), file=tmp_path / "other.toml")
    with pytest.raises(FileUnreadable, match=r"no settings file .*third\.toml"):
        resolve(environ=environ(tmp_path, GREENROOM_CONFIG=str(tmp_path / "third.toml")))


def test_variables_are_unique() -> None:
    names = [variable(name) for name in Settings.model_fields]
    assert len(set(names)) == len(names)


def test_the_data_folder_is_in_the_home_folder_and_not_in_one_named_by_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve(environ=environ(tmp_path)).settings.data == tmp_path / ".local/share/greenroom"


def test_a_user_without_a_home_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", str)
    (tmp_path / "config.toml").touch()
    with pytest.raises(InputInvalid, match="set HOME"):
        resolve(environ={"GREENROOM_CONFIG": str(tmp_path / "config.toml")})
