/** The page: models, form, the open job and the history, brought together. */

import { cancelJob, listModels, retryJob } from "./api.js";
import { follow } from "./follow.js";
import { Generate } from "./generate.js";
import { say } from "./dom.js";
import { reason } from "./words.js";
import "./form.js";
import "./history.js";
import "./job-view.js";
import "./key-dialog.js";
import "./models.js";
import "./theme.js";

const SOON_MS = 2000;
const CALM_MS = 5000;
// Links to files are good for an hour.
const LINKS_MS = 45 * 60_000;
const BUSY_MS = 60_000;

const page = {
  models: document.querySelector("gr-models"),
  form: document.querySelector("gr-form"),
  job: document.querySelector("gr-job"),
  history: document.querySelector("gr-history"),
  notice: document.querySelector("#notice"),
};
const generate = new Generate();
/** @type {Map<string, object>} */
let models = new Map();
let looking = 0;
let renewing = 0;
/** @type {AbortController|undefined} */
let following;
let arrived = false;

/** Read the models, and again: sooner while one of them is on its way. */
async function look() {
  clearTimeout(looking);
  let wait = SOON_MS;
  try {
    const list = await listModels();
    models = new Map(list.map((model) => [model.id, model]));
    page.models.show(list);
    page.job.know(models);
    notice(list.length ? "" : "This server serves no model.");
    if (list.length && !models.has(page.form.model?.id))
      choose(models.has(page.models.chosen) ? page.models.chosen : list[0].id);
    if (list.every(({ state }) => state !== "loading" && state !== "warming")) wait = CALM_MS;
  } catch (error) {
    notice(error.status === 401 ? "Give the API key of this server to go on." : `${error.message}. Trying again.`);
    if (error.status === 401) return;
  }
  // Whoever came back to the tab may have looked meanwhile: one of the two goes on.
  clearTimeout(looking);
  looking = setTimeout(look, wait);
}

/** @param {string} words about the whole page; empty for none */
function notice(words) {
  say(page.notice, words);
  page.notice.hidden = !words;
}

/** @param {string} id */
function choose(id) {
  page.models.mark(id);
  page.form.draw(models.get(id));
}

/** Fill the form with what a job was given. */
function use(job) {
  const model = models.get(job.model);
  if (!model) return page.form.tell(`${job.model} is not served here any more.`);
  if (page.form.model?.id !== model.id) choose(model.id);
  page.form.use(job.input);
  page.form.tell("The settings are filled in.");
  page.form.fields[0]?.focus();
  return undefined;
}

/** Show the job that the address names. */
function route() {
  following?.abort();
  clearTimeout(renewing);
  const id = decodeURIComponent(location.hash.match(/^#\/jobs\/([^/]+)$/)?.[1] ?? "");
  page.history.mark(id);
  if (!id) {
    document.title = "greenroom";
    return page.job.clear();
  }
  return watch(id, arrived);
}

function watch(id, lead) {
  following?.abort();
  clearTimeout(renewing);
  following = new AbortController();
  const { signal } = following;
  let first = lead;
  const tell = {
    job(job) {
      page.job.show(job);
      page.history.update(job);
      if (job.status === "succeeded") renewing = setTimeout(renew, LINKS_MS, id);
      if (first) reveal();
      first = false;
    },
    lost: (lost) => page.job.connection(lost),
    refused: (problem) => page.job.refuse(id, problem),
  };
  follow(id, tell, signal);
}

/** Ask for fresh links to the files of the job that is open, once nobody plays them. */
function renew(id) {
  if (page.job.playing) renewing = setTimeout(renew, BUSY_MS, id);
  else {
    page.job.renew();
    watch(id, false);
  }
}

/** Bring the job into view where the page is one column, and go there with whoever followed a link. */
function reveal() {
  if (page.history.contains(document.activeElement)) page.job.heading.focus({ preventScroll: true });
  const { top } = page.job.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.6) page.job.scrollIntoView({ block: "start" });
}

page.models.addEventListener("choose", ({ detail }) => choose(detail));
page.history.addEventListener("use", ({ detail }) => use(detail));
page.job.addEventListener("use", ({ detail }) => use(detail));
page.job.addEventListener("ended", () => page.history.refresh());

page.form.addEventListener("generate", async ({ detail }) => {
  page.form.working("Sending");
  try {
    const job = await generate.job(detail, () => page.form.tell("Connection lost, trying again."));
    page.form.tell("");
    if (!job) return;
    location.hash = `#/jobs/${encodeURIComponent(job.id)}`;
    page.history.refresh();
  } catch (error) {
    page.form.refuse(error);
  } finally {
    page.form.working("");
  }
});

page.job.addEventListener("cancel", ({ detail }) => act(cancelJob, detail));
page.job.addEventListener("again", async ({ detail }) => {
  if (await act(retryJob, detail)) watch(detail.id, false);
});

async function act(verb, job) {
  try {
    const now = await verb(job.id);
    if (page.job.job?.id === now.id) page.job.show(now);
    page.history.refresh();
    return true;
  } catch (error) {
    page.job.complain(reason(error));
    return false;
  }
}

document.addEventListener("greenroom:key-changed", () => {
  look();
  page.history.restart();
  route();
});
addEventListener("hashchange", () => {
  arrived = true;
  route();
});
document.addEventListener("visibilitychange", () => document.hidden || look());

look();
route();
arrived = true;
