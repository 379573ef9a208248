"""The tables of jobs, beside those of DBOS in one database. Times are milliseconds of the epoch; JSON is text."""

from __future__ import annotations

import sqlalchemy as sa

# It grows with every change of a table, together with what brings an older database up to it.
VERSION = 1

metadata = sa.MetaData()

about = sa.Table(
    "greenroom_about",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

jobs = sa.Table(
    "greenroom_jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    # Tells one request from another under the same key.
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("input", sa.Text, nullable=False),
    sa.Column("output", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("progress", sa.Text),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("webhook", sa.Text),
    sa.Column("traceparent", sa.Text),
    # All words of the job in small letters, for the search.
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("timeout_s", sa.Float, nullable=False),
    sa.Column("ttl_s", sa.Float),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False, default=1),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("host", sa.Text),
    sa.Column("claim", sa.Text),
    # How many events it has: the next one's number.
    sa.Column("events", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("queued_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.UniqueConstraint("owner", "idempotency_key"),
    sa.Index("greenroom_jobs_queue", "status", "model", "priority", "queued_at"),
    sa.Index("greenroom_jobs_history", "created_at", "id"),
    sa.Index("greenroom_jobs_owned", "owner", "created_at", "id"),
    sa.Index("greenroom_jobs_states", "owner", "status", "created_at"),
    sa.Index("greenroom_jobs_ended", "status", "finished_at"),
    sa.Index("greenroom_jobs_host", "host", "status"),
)

events = sa.Table(
    "greenroom_events",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)

artifacts = sa.Table(
    "greenroom_artifacts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("job_id", sa.Text, nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
)

uploads = sa.Table(
    "greenroom_uploads",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
)

deliveries = sa.Table(
    "greenroom_deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("job_id", sa.Text, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    # How often it was queued: the name of its entry.
    sa.Column("entry", sa.Integer, nullable=False, default=1),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

hosts = sa.Table(
    "greenroom_hosts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("lost", sa.Boolean, nullable=False, default=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
)
