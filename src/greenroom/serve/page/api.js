/** The HTTP API, as the page uses it. Addresses are relative to the page, so that it works below a proxy's path too. */

import { keyHeader, wantKey } from "./key.js";

const BASE = new URL("..", import.meta.url);
const ANSWER_MS = 30_000;
// What a proxy says while the server behind it restarts.
const AWAY = new Set([502, 503, 504]);

/** The server answered, and the answer is no (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, title?: string, code?: string, mend?: string, errors?: {field: string, message: string}[]}} body
   */
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.mend = body.mend ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }
}

/** No answer came. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached");
    this.mend = "";
  }
}

/**
 * The address of something the server named, at the place where this page came from.
 * @param {string} address such as /v1/artifacts/ID?expires=...
 */
export function resolve(address) {
  const given = new URL(address, BASE);
  const below = given.pathname.match(/\/(v1\/.*)$/);
  return below ? new URL(below[1] + given.search, BASE).href : given.href;
}

/**
 * The address that saves a file instead of showing it.
 * @param {{url: string}} artifact
 */
export function saving({ url }) {
  const address = new URL(resolve(url));
  address.searchParams.set("download", "true");
  return address.href;
}

/**
 * Ask, and read what comes as JSON. Throws Problem, Unreachable, AbortError.
 * @param {string} method
 * @param {string} path such as v1/jobs
 * @param {{body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 */
export async function ask(method, path, { body, headers = {}, signal } = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const patience = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await fetch(new URL(path, BASE), {
      method,
      headers: { Accept: "application/json", ...type, ...keyHeader(), ...headers },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      ...sent,
    });
    if (!answer.ok) throw await problem(answer);
    return answer.status === 204 ? null : await answer.json();
  } catch (error) {
    if (error instanceof Problem || error instanceof Unreachable || signal?.aborted) throw error;
    throw new Unreachable();
  }
}

/**
 * Open a stream of server-sent events. Throws Problem, Unreachable, AbortError.
 * @param {string} path
 * @param {string} after the last event that was seen, empty for all
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export async function openEvents(path, after, signal) {
  // EventSource cannot send a key.
  const headers = { Accept: "text/event-stream", ...keyHeader(), ...(after ? { "Last-Event-ID": after } : {}) };
  const answer = await fetch(new URL(path, BASE), { headers, signal, cache: "no-store" });
  if (!answer.ok) throw await problem(answer);
  return answer;
}

async function problem(answer) {
  const body = await answer.json().catch(() => null);
  if (AWAY.has(answer.status) && !body?.code) return new Unreachable();
  if (answer.status === 401) wantKey();
  return new Problem(answer.status, body ?? {});
}

/** What is served. */
export const listModels = () => ask("GET", "v1/models").then((list) => list.data);

/** @param {string} id @param {AbortSignal} [signal] */
export const getJob = (id, signal) => ask("GET", `v1/jobs/${encodeURIComponent(id)}`, { signal });

/** @param {string} id */
export const cancelJob = (id) => ask("POST", `v1/jobs/${encodeURIComponent(id)}/cancel`);

/** @param {string} id */
export const retryJob = (id) => ask("POST", `v1/jobs/${encodeURIComponent(id)}/retry`);

/** @param {string} id */
export const getUpload = (id) => ask("GET", `v1/uploads/${encodeURIComponent(id)}`);

/**
 * A page of the history, newest first.
 * @param {{q?: string, status?: string, after?: string, limit?: number}} query
 * @returns {Promise<{data: object[], has_more: boolean, last_id: string}>}
 */
export function listJobs(query) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) asked.set(name, String(value));
  return ask("GET", `v1/jobs?${asked}`);
}

/**
 * Ask for a job. The same key makes the same job, so that asking again after a lost answer is safe.
 * @param {{model: string, input: object}} body
 * @param {string} key
 */
export const createJob = (body, key) => ask("POST", "v1/jobs", { body, headers: { "Idempotency-Key": key } });
