/** What is shown in words: sizes, times, states and progress. */

/** @type {Record<string, string>} */
export const STATUS = {
  queued: "Queued",
  running: "Running",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  timed_out: "Timed out",
};

/** @type {Record<string, string>} */
export const MODEL_STATE = {
  loading: "Loading",
  warming: "Warming up",
  ready: "Ready",
  asleep: "Asleep, wakes on demand",
  unloaded: "Unloaded, loads on demand",
  failed: "Not available",
};

const MOST_STEPS = 1000;
const ENDED = new Set(["succeeded", "failed", "cancelled", "timed_out"]);

/**
 * Whether nothing more happens to a job.
 * @param {{status: string}} job
 */
export const ended = (job) => ENDED.has(job.status);

/**
 * A name of the API as a label: `negative_prompt` is "Negative prompt".
 * @param {string} name
 */
export function label(name) {
  const words = name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * A size in bytes: 12.3 MB.
 * @param {number} bytes
 */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes / 1000, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/**
 * A length of time: 0.4 s, 12 s, 3 min, 1 h 20 min.
 * @param {number} seconds
 */
export function span(seconds) {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * A place on a time line: 1:05, 1:00:05.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.floor(Number.isFinite(seconds) ? seconds : 0);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/**
 * How long ago a moment was.
 * @param {string} moment ISO 8601
 */
export function ago(moment) {
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(moment).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}

/**
 * An error and its mend as sentences; the API's begin small and end without a stop. Names of things stay as they are.
 * @param {{message: string, mend?: string}} error
 */
export function reason({ message, mend }) {
  const sentences = [message, mend]
    .filter(Boolean)
    .map((said) => said.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase()));
  return sentences.map((said) => (/[.!?]$/.test(said) ? said : `${said}.`)).join(" ");
}

/**
 * Where a job stands, in a sentence.
 * @param {object} job
 * @param {{title: string, state: string, reason: string}} [model]
 * @param {string[]} [ofFrames] stages whose unit is a frame
 */
export function sentence(job, model, ofFrames = []) {
  if (job.cancel_requested && !ended(job)) return "Stopping at the next step";
  if (job.status === "queued") return queued(job, model);
  if (job.status === "running") return job.progress ? progress(job.progress, ofFrames) : "Started";
  if (job.status === "succeeded") return done(job);
  return over(job);
}

function queued(job, model) {
  const ahead = job.queue_position;
  const queued = job.attempts > 0 ? "Queued again" : "Queued";
  const place = ahead ? `${queued}, ${ahead.toLocaleString("en")} ahead of you` : `${queued}, next in line`;
  if (model?.state === "loading" || model?.state === "warming") {
    return `${place}. ${model.title} is still ${model.state === "loading" ? "loading" : "warming up"}`;
  }
  if (model?.state === "failed") return `${place}. ${model.title} is not available now`;
  return place;
}

function progress({ stage, done, total, share, eta_s: left }, ofFrames) {
  // Some work counts letters or samples: nobody thinks of those as steps.
  const counted = total > 1 && total <= MOST_STEPS && Number.isInteger(total) && Number.isInteger(done);
  const steps = counted ? `Step ${done} of ${total}` : null;
  const other = total > 0 ? `${Math.round((100 * done) / total)} % done` : "Running";
  const counts = ofFrames.includes(stage) && total > 1;
  const place = counts ? `Frame ${frames(done)} of ${frames(total)}${all(share)}` : (steps ?? other);
  if (left === null || left === undefined) return place;
  return left < 1 ? `${place}, less than 1 s left` : `${place}, about ${span(Math.round(left)).replace(".0", "")} left`;
}

const frames = (count) => Math.round(count).toLocaleString("en");
const all = (share) => (typeof share === "number" ? `, ${Math.floor(100 * share)} % of all` : "");

function over(job) {
  const said = STATUS[job.status] ?? job.status;
  const ran = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  return Number.isFinite(ran) ? `${said} after ${span(ran)}` : said;
}

function done(job) {
  const took = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  const waited = (Date.parse(job.started_at) - Date.parse(job.created_at)) / 1000;
  if (!Number.isFinite(took)) return "Done";
  return `Done in ${span(took)}${waited >= 1 ? `, after ${span(waited)} of waiting` : ""}`;
}
