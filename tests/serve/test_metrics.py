"""Metrics: what happened is counted, under names that stay, with labels that have an end."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from greenroom.jobs.history import Depth
from greenroom.serve.incidents import Incident
from greenroom.serve.metrics import Metrics


def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels, in the order of their names."""
    body, kind = metrics.render()
    assert kind.startswith("text/plain")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_what_workers_say_is_counted() -> None:
    metrics = Metrics(["voice"])
    metrics.restarted("cuda:0", "killed by signal 9")
    metrics.restarted("cuda:0", "killed by signal 11")
    metrics.out_of_memory("voice")
    metrics.device_memory("cuda:0", 3, 80)
    for seconds in (0.2, 2.0, -0.1):
        metrics.stage("voice", "run", seconds)
    said = read(metrics)
    assert said["greenroom_worker_restarts_total", "cuda:0"] == 2
    assert said["greenroom_out_of_memory_total", "voice"] == 1
    assert said["greenroom_device_memory_used_bytes", "cuda:0"] == 3
    assert said["greenroom_device_memory_total_bytes", "cuda:0"] == 80
    assert said["greenroom_stage_duration_seconds_count", "voice", "run"] == 3
    assert said["greenroom_stage_duration_seconds_sum", "voice", "run"] == pytest.approx(2.2)
    assert "signal" not in metrics.render()[0].decode()


def test_what_jobs_say_is_counted() -> None:
    metrics = Metrics(["voice"])
    metrics.job_ended("voice", "succeeded")
    metrics.job_ended("voice", "timed_out")
    metrics.delivered(succeeded=True)
    metrics.delivered(succeeded=False)
    metrics.delivered(succeeded=False)
    said = read(metrics)
    assert said["greenroom_jobs_finished_total", "voice", "succeeded"] == 1
    assert said["greenroom_jobs_finished_total", "voice", "timed_out"] == 1
    assert said["greenroom_webhook_deliveries_total",] == 1
    assert said["greenroom_webhook_failures_total",] == 2


def test_what_goes_wrong_is_told_in_words() -> None:
    heard: list[Incident] = []
    metrics = Metrics(["voice"], hear=heard.append)
    metrics.restarted("cuda:0", "killed by signal 9")
    metrics.out_of_memory("voice")
    metrics.job_ended("voice", "failed")
    metrics.job_given_up("job_1", "voice", "the worker was lost (worker-crashed)")
    assert heard == [
        Incident("worker-lost", "cuda:0", "killed by signal 9"),
        Incident("out-of-memory", "voice", "an attempt did not fit the device"),
        Incident("job-given-up", "job_1", "voice: the worker was lost (worker-crashed)"),
    ]


def test_queues_are_as_they_are_now() -> None:
    metrics = Metrics(["voice", "video"], clock=lambda: 1000.0)
    metrics.queues([Depth("voice", 3, 1, 940_000), Depth("elsewhere", 2, 0, 999_000), Depth("far", 1, 0, 990_000)])
    said = read(metrics)
    assert said["greenroom_queue_depth_jobs", "voice"] == 3
    assert said["greenroom_running_jobs", "voice"] == 1
    assert said["greenroom_queue_oldest_age_seconds", "voice"] == 60
    assert said["greenroom_queue_depth_jobs", "video"] == 0
    assert said["greenroom_queue_depth_jobs", "other"] == 3
    assert said["greenroom_queue_oldest_age_seconds", "other"] == 10
    metrics.queues([])
    said = read(metrics)
    assert said["greenroom_queue_depth_jobs", "voice"] == said["greenroom_queue_depth_jobs", "other"] == 0
    assert said["greenroom_queue_oldest_age_seconds", "voice"] == 0


def test_places_are_as_they_are_now() -> None:
    metrics = Metrics(["voice"])
    assert read(metrics)["greenroom_free_places", "voice"] == 0
    metrics.places("voice", in_flight=4, free=0)
    metrics.places("voice", in_flight=3, free=1)
    said = read(metrics)
    assert said["greenroom_in_flight_requests", "voice"] == 3
    assert said["greenroom_free_places", "voice"] == 1


def test_a_clock_that_goes_back_makes_no_negative_age() -> None:
    metrics = Metrics(["voice"], clock=lambda: 1.0)
    metrics.queues([Depth("voice", 1, 0, 940_000)])
    assert read(metrics)["greenroom_queue_oldest_age_seconds", "voice"] == 0


def test_requests_and_streams_are_counted() -> None:
    metrics = Metrics()
    metrics.http("GET", "/v1/jobs/{job_id}", 200, 0.02)
    metrics.http("BREW", "none", 405, 0.001)
    metrics.stream_opened()
    metrics.stream_opened()
    metrics.stream_closed()
    said = read(metrics)
    assert said["greenroom_http_requests_total", "GET", "/v1/jobs/{job_id}", "200"] == 1
    assert said["greenroom_http_requests_total", "other", "none", "405"] == 1
    assert said["greenroom_http_response_start_seconds_bucket", "0.03", "GET", "/v1/jobs/{job_id}"] == 1
    assert said["greenroom_live_streams",] == 1


def test_names_from_outside_make_no_label() -> None:
    metrics = Metrics(["voice"])
    for number in range(100):
        metrics.job_ended(f"model-{number}", "failed")
        metrics.stage(f"model-{number}", f"stage-{number}", 1.0)
        metrics.out_of_memory(f"model-{number}")
        metrics.queues([Depth(f"model-{number}", 1, 0, None)])
    text = metrics.render()[0].decode()
    assert "model-" not in text
    assert "stage-" not in text
    assert read(metrics)["greenroom_jobs_finished_total", "other", "failed"] == 100


def test_what_has_not_happened_yet_is_zero_and_not_absent() -> None:
    said = read(Metrics(["voice"]))
    assert said["greenroom_jobs_finished_total", "voice", "failed"] == 0
    assert said["greenroom_out_of_memory_total", "voice"] == 0
    assert said["greenroom_queue_depth_jobs", "voice"] == 0


def test_servers_count_apart() -> None:
    one, other = Metrics(["voice"]), Metrics(["voice"])
    one.job_ended("voice", "failed")
    assert read(other)["greenroom_jobs_finished_total", "voice", "failed"] == 0


def test_every_name_says_whose_it_is_and_in_which_unit() -> None:
    body = Metrics(["voice"]).render()[0].decode()
    names = set(re.findall(r"^# TYPE (\S+) (?!unknown)", body, re.MULTILINE))
    assert len(names) > 15
    assert "_created" not in body
    for name in names:
        assert name.startswith("greenroom_")
        assert re.search(r"_(total|seconds|bytes|jobs|requests|places|streams|fds|seconds_total)$", name), name
