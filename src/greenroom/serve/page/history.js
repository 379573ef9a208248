/** The jobs of this server, whoever asked for them: search, filter, open, use again. */

import { listJobs } from "./api.js";
import { fill, h, icon, say } from "./dom.js";
import { describe, isUpload } from "./uploads.js";
import { ago, ended, label, STATUS } from "./words.js";

const PAGE = 20;
const TYPING_MS = 250;
const LIVE_MS = 2500;
const CALM_MS = 5000;

/** `<gr-history>` sends the event `use` with a job. Jobs open by their link. */
export class HistoryElement extends HTMLElement {
  constructor() {
    super();
    /** @type {Map<string, object>} the jobs that are listed, newest first */
    this.jobs = new Map();
    this.rows = new Map();
    /** @type {Set<string>} jobs that were heard of before they were listed */
    this.met = new Set();
    this.more = false;
    // Answers to a question that is asked no more are not shown.
    this.turn = 0;
    this.open = "";
  }

  connectedCallback() {
    if (this.list) return;
    this.search = h("input", {
      type: "search",
      id: "history-q",
      placeholder: "Search",
      autocomplete: "off",
      "aria-label": "Search the history",
      oninput: () => this.soon(),
    });
    const choices = Object.entries(STATUS).map(([status, words]) => h("option", { value: status }, words));
    this.filter = h(
      "select",
      { "aria-label": "Show jobs that are", onchange: () => this.restart() },
      h("option", { value: "" }, "All"),
      choices,
    );
    this.list = h("ul", { class: "jobs" });
    this.note = h("p", { class: "muted note", role: "status" });
    this.older = h(
      "button",
      { type: "button", class: "secondary", hidden: true, onclick: () => this.page() },
      "Show older jobs",
    );
    fill(
      this,
      h(
        "header",
        { class: "history-head" },
        h("h2", {}, "History"),
        h("div", { class: "history-tools", role: "search" }, this.search, h("span", { class: "select" }, this.filter)),
      ),
      this.list,
      this.note,
      this.older,
    );
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    this.refresh();
  }

  /** Begin anew once typing pauses. */
  soon() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.restart(), TYPING_MS);
  }

  restart() {
    this.turn += 1;
    this.jobs.clear();
    this.refresh();
  }

  get query() {
    return { q: this.search.value.trim(), status: this.filter.value, limit: PAGE };
  }

  /** Read the newest page again; the older ones that were opened stay. */
  async refresh() {
    clearTimeout(this.timer);
    const { turn } = this;
    try {
      const page = await listJobs(this.query);
      if (turn === this.turn) this.take(page);
    } catch (error) {
      if (turn === this.turn)
        say(this.note, error.status === 401 ? "The history needs an API key." : `${error.message}.`);
    }
    const active = [...this.jobs.values()].some((job) => !ended(job));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => document.hidden || this.refresh(), active ? LIVE_MS : CALM_MS);
  }

  /** The newest page, in front of what was listed behind it. */
  take(page) {
    const fresh = new Map(page.data.map((job) => [job.id, job]));
    const last = page.data.at(-1)?.created_at ?? "";
    const rest = page.has_more ? [...this.jobs].filter(([id, job]) => !fresh.has(id) && job.created_at < last) : [];
    if (!rest.length) this.more = page.has_more;
    this.jobs = new Map([...fresh, ...rest]);
    this.draw(this.jobs.size ? "" : this.query.q || this.query.status ? "No job fits." : "No jobs yet.");
  }

  async page() {
    if (this.older.getAttribute("aria-disabled") === "true") return;
    const { turn } = this;
    this.older.setAttribute("aria-disabled", "true");
    try {
      const page = await listJobs({ ...this.query, after: [...this.jobs.keys()].at(-1) });
      if (turn !== this.turn) return;
      for (const job of page.data) this.jobs.set(job.id, job);
      this.more = page.has_more;
      this.draw("");
      this.rows.get(page.data[0]?.id)?.link.focus();
    } catch (error) {
      say(this.note, `${error.message}.`);
    } finally {
      this.older.removeAttribute("aria-disabled");
    }
  }

  /**
   * A job changed, here or on its own stream.
   * @param {object} job
   */
  update(job) {
    const known = this.jobs.get(job.id);
    if (!known && !this.met.has(job.id)) {
      this.met.add(job.id);
      this.refresh();
    }
    if (!known || known.status === job.status) return;
    this.jobs.set(job.id, job);
    this.draw("");
  }

  /** @param {string} id of the job that is open, empty for none */
  mark(id) {
    this.open = id;
    for (const [job, { link }] of this.rows) {
      if (job === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  draw(note) {
    for (const id of this.rows.keys()) if (!this.jobs.has(id)) this.rows.delete(id);
    const items = [...this.jobs.values()].map((job) => this.row(job).item);
    // Rows that are where they should be stay untouched: whoever is in one keeps the focus.
    const there = [...this.list.children];
    if (items.length !== there.length || items.some((item, index) => item !== there[index])) this.arrange(items);
    say(this.note, note);
    this.older.hidden = !this.more;
    this.mark(this.open);
  }

  arrange(items) {
    const wanted = new Set(items);
    for (const item of [...this.list.children]) if (!wanted.has(item)) item.remove();
    items.forEach((item, index) => {
      if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null);
    });
  }

  row(job) {
    const row = this.rows.get(job.id) ?? this.make(job);
    row.chip.dataset.status = job.status;
    say(row.chip, STATUS[job.status] ?? job.status);
    say(row.time, ago(job.created_at));
    return row;
  }

  make(job) {
    const link = h("a", { href: `#/jobs/${encodeURIComponent(job.id)}`, class: "job-link" }, summary(job));
    const chip = h("span", { class: "status" });
    const time = h("time", { datetime: job.created_at, title: job.created_at });
    const use = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `Use these settings: ${summary(job)}`,
        title: "Use these settings",
        onclick: () => this.dispatchEvent(new CustomEvent("use", { detail: this.jobs.get(job.id) ?? job })),
      },
      icon("sliders"),
      "Use",
    );
    const item = h(
      "li",
      {},
      h(
        "div",
        { class: "job-words" },
        link,
        h("p", { class: "muted" }, chip, h("span", { class: "job-model" }, job.model), time),
      ),
      use,
    );
    const row = { item, link, chip, time };
    this.rows.set(job.id, row);
    named(job).then((names) => {
      if (!names.length) return;
      const words = summary(job, names);
      say(link, words);
      use.setAttribute("aria-label", `Use these settings: ${words}`);
    });
    return row;
  }
}

/** The words that a job was given, if it was given any. */
function words(job) {
  const said = Object.entries(job.input ?? {}).filter(([, value]) => typeof value === "string" && value.trim());
  const [, text] =
    said.find(([name]) => /^(text|prompt|input|script)$/.test(name)) ??
    said.find(([, value]) => /\s/.test(value)) ??
    [];
  return text;
}

/** The names of the files that a job was given, where nothing else tells it from others. */
async function named(job) {
  if (words(job)) return [];
  const found = await Promise.all(
    Object.values(job.input ?? {})
      .filter(isUpload)
      .map(describe),
  );
  return found.filter(Boolean).map(({ name }) => name);
}

/** What tells a job from its neighbours: the text it was given, else its files and its other inputs. */
function summary(job, names = []) {
  const text = words(job);
  if (text) return text.length > 120 ? `${text.slice(0, 119)}…` : text;
  const rest = Object.entries(job.input ?? {})
    .filter(([, value]) => value !== null && value !== "" && !isUpload(value))
    .map(([name, value]) => `${label(name)} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [...names, ...rest].join(", ").slice(0, 120) || job.id;
}

customElements.define("gr-history", HistoryElement);
