"""The OpenAPI document is true: requests drawn from it get the answers that it names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis

from greenroom.recipes.inputs.speech import CAPTION_FORMATS
from tests.serve.humming import main_humming
from tests.serve.servers import MODELS, RunningServer, running_server

CHOOSY = f"{MODELS}:Choosy"

# What a schema cannot say, and a request that fits it may therefore be refused for.
BEYOND_SCHEMAS = {
    "/v1/uploads": "that bytes are a sound, a video or an image",
    "/v1/audio/voices": "the same, that somebody speaks in it, and which names are taken",
    "/v1/videos": "which of another service's words each model has a word for, and which uploads there are",
    "/v1/audio/speech": "which languages a voice speaks, and which texts have nothing to say in them",
    "/v1/models/voice-joe/generate": "the same",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of its own: what is drawn fills the queue, and purges it. /run is the first model's, a quick one.

    The voice hums: what it is asked for and what it answers is the voice's own.
    """
    folder = tmp_path_factory.mktemp("openapi")
    with running_server(folder, "Choosy", "voice-joe", "Noop", entry=main_humming) as server:
        yield server


@pytest.fixture(scope="module")
def document(asked: RunningServer) -> dict[str, Any]:
    with asked.client() as client:
        found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_requests_drawn_from_the_document_get_its_answers(
    asked: RunningServer, document: dict[str, Any], tmp_path: Path
) -> None:
    ours = json.loads(json.dumps(document))
    for schema in ours["components"]["schemas"].values():
        # A webhook that is drawn would be posted to whoever has that name; tests/serve/routes has its own.
        schema.get("properties", {}).pop("webhook", None)
        # Names with commas between are checked by the model, behind its schema.
        if "captions" in schema.get("properties", {}):
            schema["properties"]["captions"]["enum"] = ["", *CAPTION_FORMATS]
    # The names of another service's voices are one list, here and in the code: each of them is an utterance more.
    for voice in ours["components"]["schemas"]["SpeechBody"]["properties"]["voice"]["anyOf"]:
        names = voice.get("properties", {}).get("id", voice)
        if "enum" in names:
            names["enum"] = ["voice-joe", "default", "alloy"]
    # The same key is drawn again and again, each time for another request, which is refused as it should be.
    asks = ours["paths"]["/v1/jobs"]["post"]
    asks["parameters"] = [one for one in asks["parameters"] if one["name"] != "idempotency-key"]
    (tmp_path / "openapi.json").write_text(json.dumps(ours))
    (tmp_path / "schemathesis.toml").write_text(
        "".join(
            f'[[operations]]\ninclude-path = "{path}"\nchecks.positive_data_acceptance.enabled = false\n'
            for path in BEYOND_SCHEMAS
        )
    )
    # The seed and no examples of other runs: whatever is found is found again.
    command = (
        "run", "openapi.json", "--url", asked.url,  "--phases", "examples,coverage,fuzzing",
        "--max-examples", "4", "--seed", "1", "--generation-deterministic",
        "--request-timeout", "60", "--no-color",
    )  # fmt: skip
    entry = "from schemathesis.cli import schemathesis; schemathesis()"
    run = subprocess.run(
        (sys.executable, "-c", entry, *command), cwd=tmp_path, capture_output=True, text=True, timeout=3000, check=False
    )
    assert run.returncode == 0, run.stdout
    operations = sum(len(methods) for methods in document["paths"].values())
    assert f"Tested: {operations}" in run.stdout
    assert int(re.findall(r"(\d+) generated", run.stdout)[0]) > 1000


def test_every_kind_of_answer_fits_its_schema(live: RunningServer) -> None:
    with live.client() as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        speech = {"model": "voice-joe", "input": {"text": "One."}}
        accepted = client.post("/v1/jobs", json=speech, headers={"Idempotency-Key": "documented"})
        job = accepted.json()["id"]
        events = client.get(f"/v1/jobs/{job}/events")
        artifact = client.get(f"/v1/jobs/{job}").json()["artifacts"][0]
        answers = {
            ("POST", "/v1/jobs"): [
                accepted, client.post("/v1/jobs", json=speech, headers={"Idempotency-Key": "documented"}),
            ],
            ("GET", "/v1/jobs"): [client.get("/v1/jobs"), client.get("/v1/jobs?status=succeeded&limit=1")],
            ("GET", "/v1/jobs/{job_id}"): [client.get(f"/v1/jobs/{job}"), client.get("/v1/jobs/none")],
            ("GET", "/v1/jobs/{job_id}/events"): [events],
            ("POST", "/v1/jobs/{job_id}/cancel"): [client.post(f"/v1/jobs/{job}/cancel")],
            ("POST", "/v1/jobs/{job_id}/retry"): [client.post(f"/v1/jobs/{job}/retry")],
            ("GET", "/v1/artifacts/{artifact_id}"): [
                client.get(artifact["url"]), client.get(artifact["url"], headers={"Range": "bytes=0-3"}),
            ],
            ("GET", "/v1/models"): [client.get("/v1/models")],
            ("GET", "/v1/models/{model}"): [client.get("/v1/models/voice-joe")],
            ("POST", "/v1/models/voice-joe/generate"): [
                client.post("/v1/models/voice-joe/generate", json={"text": "Two."}),
                client.post(
                    "/v1/models/voice-joe/generate", json={"text": "Two."}, headers={"Accept": "application/json"}
                ),
            ],
            ("GET", "/v1/audio/voices"): [client.get("/v1/audio/voices")],
            ("GET", "/v1/videos/{video_id}"): [client.get(f"/v1/videos/{job}")],
            ("GET", "/v1/videos/{video_id}/content"): [client.get(f"/v1/videos/{job}/content")],
            ("GET", "/status/{job_id}"): [client.get(f"/status/{job}")],
            ("GET", "/stream/{job_id}"): [client.get(f"/stream/{job}")],
            ("GET", "/health"): [client.get("/health")],
            ("GET", "/livez"): [client.get("/livez")],
            ("GET", "/readyz"): [client.get("/readyz")],
            ("GET", "/metrics"): [client.get("/metrics")],
            ("DELETE", "/v1/jobs/{job_id}"): [client.delete(f"/v1/jobs/{job}")],
        }  # fmt: skip
    statuses = set()
    for (method, path), given in answers.items():
        for answer in given:
            schema[path][method].validate_response(answer)
            statuses.add(answer.status_code)
    assert statuses == {200, 202, 204, 206, 307, 404, 409}


def test_a_job_s_body_is_that_of_its_model(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["discriminator"]["propertyName"] == "model"
    assert set(body["discriminator"]["mapping"]) == {"voice-joe", f"{MODELS}:Noop", CHOOSY}
    assert {one["$ref"] for one in body["oneOf"]} == set(body["discriminator"]["mapping"].values())
    check = jsonschema.Draft202012Validator({**document, **body})
    check.validate({"model": "voice-joe", "input": {"text": "Yes.", "speed": 1.5}})
    check.validate({"model": CHOOSY, "input": {"words": "a", "seed": None}, "priority": 5})
    for wrong in (
        {"model": "voice-joe", "input": {"words": "a"}},
        {"model": CHOOSY, "input": {"words": "a", "choice": "three"}},
        {"model": CHOOSY, "input": {"words": "a"}, "priority": 101},
        {"model": "voice-jo", "input": {"text": "Yes."}},
    ):
        assert not check.is_valid(wrong), wrong


def test_each_model_has_a_path_with_its_own_inputs(document: dict[str, Any], asked: RunningServer) -> None:
    with asked.client() as client:
        for model in client.get("/v1/models").json()["data"]:
            asks = document["paths"][f"/v1/models/{model['id']}/generate"]["post"]
            reference = asks["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            assert document["components"]["schemas"][reference.rpartition("/")[2]] == model["inputs"]


def test_every_reference_leads_somewhere_and_every_name_is_used_once(document: dict[str, Any]) -> None:
    written = json.dumps(document)
    for path in set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', written)):
        assert path in document["components"]["schemas"]
    ids = re.findall(r'"operationId": "([^"]+)"', written)
    assert len(ids) == len(set(ids)) > 30
    assert "HTTPValidationError" not in written


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_there_is_no_page_with_scripts_of_others(asked: RunningServer, path: str) -> None:
    assert httpx.get(f"{asked.url}{path}", trust_env=False).status_code == 404
