"""What may be shown of a release's values."""

from __future__ import annotations

from greenroom.ship.deploy.masking import secret_names, secrets_of, shown

ENV = {"HF_TOKEN": "hf_abc", "API_KEY": "{{ RUNPOD_SECRET_key }}", "MODEL": "joe", "EMPTY_KEY": ""}


def test_secrets_are_masked_and_references_are_none() -> None:
    assert secret_names(ENV) == ("HF_TOKEN",)
    assert shown({"env": ENV})["env"] == {**ENV, "HF_TOKEN": "********"}


def test_a_user_in_a_url_is_a_secret() -> None:
    assert secret_names({"DATABASE_URL": "postgres://me:hush@host/db"}) == ("DATABASE_URL",)
    assert "hush" not in str(shown({"env": {"DATABASE_URL": "postgres://me:hush@host/db"}}))


def test_a_secret_is_masked_wherever_it_stands() -> None:
    values = {"env": ENV, "args": "serve --token hf_abc", "ports": ["80/http"], "disk": 20}
    assert shown(values) == {**values, "env": {**ENV, "HF_TOKEN": "********"}, "args": "serve --token ********"}


def test_every_service_of_a_compose_file_has_its_own() -> None:
    services = {"joe": {"environment": {"HF_TOKEN": "hf_abc", "N": 1}}, "db": {"environment": {"PASSWORD": "hush"}}}
    values = {"config": {"services": services}}
    assert secrets_of(values) == {"HF_TOKEN": "hf_abc", "PASSWORD": "hush"}
    assert "hush" not in str(shown(values))
    assert secrets_of(None) == {}
