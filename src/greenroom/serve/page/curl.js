/** A request as a command for a shell. */

import { resolve } from "./api.js";
import { currentKey } from "./key.js";

// What the API fills in by itself.
const DEFAULTS = { priority: 0, timeout_s: 1800, ttl_s: null, max_attempts: 3 };

/** @type {Map<string, object>} */
const sent = new Map();

/**
 * Remember what was sent for a job.
 * @param {string} id
 * @param {object} body
 */
export const remember = (id, body) => sent.set(id, body);

/**
 * The command that makes a job like this one. It names a key by its variable, never by its value.
 * @param {object} job
 */
export function curl(job) {
  const body = sent.get(job.id) ?? bodyOf(job);
  const key = currentKey() ? [`-H "Authorization: Bearer $GREENROOM_API_KEY"`] : [];
  return [
    `curl ${quoted(resolve("/v1/jobs"))}`,
    ...key,
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(" \\\n  ");
}

function bodyOf(job) {
  const said = Object.entries(DEFAULTS).filter(([name, initial]) => name in job && job[name] !== initial);
  const metadata = Object.keys(job.metadata ?? {}).length ? { metadata: job.metadata } : {};
  return {
    model: job.model,
    input: job.input,
    ...Object.fromEntries(said.map(([name]) => [name, job[name]])),
    ...metadata,
  };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
