/** From the press of Generate to a job that exists once. */

import { createJob, Unreachable } from "./api.js";
import { remember } from "./curl.js";
import { backoff, pause } from "./follow.js";

// Two presses within this are one, whatever the hand meant.
const DOUBLE_MS = 600;
const TRIES = 8;

/** Keeps one idempotency key for one request until the server has answered it. */
export class Generate {
  constructor() {
    this.body = "";
    this.key = "";
    this.answeredAt = -Infinity;
  }

  /**
   * Ask for the job, again and again while no answer comes.
   * Gives null for the second half of a double click. Throws Problem, Unreachable.
   * @param {{model: string, input: object}} body
   * @param {() => void} lost called when an answer is waited for in vain
   */
  async job(body, lost) {
    const said = JSON.stringify(body);
    if (said === this.body && !this.key && performance.now() - this.answeredAt < DOUBLE_MS) return null;
    if (said !== this.body || !this.key) [this.body, this.key] = [said, newKey()];
    for (let failures = 0; ; failures += 1) {
      try {
        const job = await createJob(body, this.key);
        remember(job.id, body);
        this.answered();
        return job;
      } catch (error) {
        if (!(error instanceof Unreachable)) this.answered();
        if (!(error instanceof Unreachable) || failures + 1 >= TRIES) throw error;
        lost();
        await pause(backoff(failures));
      }
    }
  }

  answered() {
    this.key = "";
    this.answeredAt = performance.now();
  }
}

/** 122 random bits; randomUUID is missing on pages without TLS. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
