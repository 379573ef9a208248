/** A job from now to its end, through lost connections and restarts of the server. */

import { getJob, openEvents, Problem } from "./api.js";
import { serverEvents } from "./events.js";
import { ended } from "./words.js";

const PAUSES_MS = [300, 700, 1500, 3000, 5000];
// A place in the queue changes by what others do, of which a job's own events say nothing.
const LOOK_MS = { queued: 2000, running: 8000 };

/**
 * Wait, or stop waiting when asked to.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/**
 * How long to wait before the next try.
 * @param {number} failures
 */
export const backoff = (failures) => PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] * (0.8 + 0.4 * Math.random());

/**
 * Tell all that happens to a job until it ends or the signal says stop.
 * @param {string} id
 * @param {{job: (job: object) => void, lost: (lost: boolean) => void, refused: (problem: Problem) => void}} tell
 * @param {AbortSignal} signal
 */
export async function follow(id, tell, signal) {
  const seen = { event: "", told: {}, stages: [] };
  const say = tell;
  tell = { ...say, job: (job) => say.job({ ...job, told: seen.told, stages: seen.stages }) };
  let failures = 0;
  while (!signal.aborted) {
    let job;
    try {
      job = await getJob(id, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) return tell.refused(error);
      if (failures > 0) tell.lost(true);
      await pause(backoff(failures), signal);
      failures += 1;
      continue;
    }
    if (signal.aborted) return;
    failures = 0;
    tell.lost(false);
    tell.job(job);
    if (ended(job)) return;
    await listen(job, seen, tell, signal);
  }
}

/** Hand on events until the stream ends; how it ended does not matter, the next look at the job tells. */
async function listen(job, seen, tell, signal) {
  const stream = new AbortController();
  const stop = () => stream.abort();
  signal.addEventListener("abort", stop, { once: true });
  const began = performance.now();
  let [now, timer] = [job, 0];
  const look = async () => {
    clearTimeout(timer);
    try {
      now = await getJob(job.id, stream.signal);
      if (stream.signal.aborted) return;
      tell.job(now);
      timer = setTimeout(look, LOOK_MS[now.status] ?? LOOK_MS.running);
    } catch {
      stop();
    }
  };
  timer = setTimeout(look, LOOK_MS[now.status]);
  try {
    const answer = await openEvents(`v1/jobs/${encodeURIComponent(job.id)}/events`, seen.event, stream.signal);
    for await (const event of serverEvents(answer)) {
      seen.event = event.id || seen.event;
      note(event, seen);
      if (ended({ status: event.kind })) return;
      if (event.kind !== "progress") {
        // What was told already comes again to whoever begins to listen; one look answers all of it.
        clearTimeout(timer);
        timer = setTimeout(look, 60);
      } else if (now.status === "running") {
        now = { ...now, progress: event.data };
        tell.job(now);
      }
    }
  } catch {
    // The connection is gone, or was never there.
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
  // A stream that ends at once, again and again, is asked for once a second.
  await pause(1000 - (performance.now() - began), signal);
}

/** Keep what only events tell: what the model said, by its kind, and the stages of this attempt in their order. */
function note({ kind, data }, seen) {
  if (kind === "started") seen.stages = [];
  else if (kind === "progress") {
    if (!seen.stages.includes(data.stage)) seen.stages = [...seen.stages, data.stage];
  } else if (data.data) seen.told = { ...seen.told, [kind]: data.data };
}
