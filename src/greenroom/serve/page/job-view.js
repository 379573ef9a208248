/** One job: where it stands, what it made, what went wrong. */

import { copyButton } from "./copy.js";
import { curl } from "./curl.js";
import { fill, h, icon, say } from "./dom.js";
import { framesOf, planRows, stagesOf } from "./plan.js";
import { downloads, facts, finding, players, preview, table } from "./result.js";
import { ago, ended, label, reason, sentence, STATUS } from "./words.js";

// A step a second, read aloud, would drown everything else.
const ANNOUNCE_MS = 10_000;
const AGAIN = new Set(["failed", "timed_out", "cancelled"]);

/**
 * `<gr-job>` sends the events `cancel`, `again` and `use`, each with the job.
 */
export class JobElement extends HTMLElement {
  constructor() {
    super();
    this.job = null;
    this.lost = false;
    this.models = new Map();
  }

  /** Nothing is open. */
  clear() {
    this.job = null;
    fill(
      this,
      h(
        "div",
        { class: "empty" },
        icon("wave"),
        h("p", {}, "What you make appears here."),
        h("p", { class: "muted" }, "Fill in the form and press Generate, or open a job from the history."),
      ),
    );
  }

  /**
   * There is no such job, or it may not be seen.
   * @param {string} id
   * @param {{message: string, mend: string}} problem
   */
  refuse(id, problem) {
    this.job = null;
    fill(
      this,
      h(
        "div",
        { class: "empty" },
        h("p", {}, "This job cannot be shown."),
        h("p", { class: "muted" }, h("code", {}, id)),
        h("p", { class: "muted" }, reason(problem)),
      ),
    );
  }

  /** @param {object} job */
  show(job) {
    const another = this.job?.id !== job.id;
    const was = this.job;
    // Answers hold nothing of what events told.
    this.job = another ? job : { told: was.told, stages: was.stages, ...job };
    if (another) this.build(job);
    // A burst of events is drawn once.
    this.drawn ??= requestAnimationFrame(() => {
      this.drawn = undefined;
      this.draw();
    });
    if (!another && ended(job) && !ended(was)) this.dispatchEvent(new CustomEvent("ended", { detail: job }));
  }

  /** Whether somebody listens or watches right now. */
  get playing() {
    return [...this.querySelectorAll("audio, video")].some((media) => !media.paused);
  }

  /** Draw the result anew with the next job that is shown. */
  renew() {
    this.resultOf = undefined;
  }

  /** @param {boolean} lost */
  connection(lost) {
    this.lost = lost;
    if (this.job) this.draw();
  }

  /** @param {Map<string, object>} models */
  know(models) {
    this.models = models;
    if (this.job) this.draw();
  }

  /**
   * What was pressed did not work.
   * @param {string} words
   */
  complain(words) {
    this.complaint.textContent = words;
  }

  build(job) {
    this.heading = h("h2", { tabindex: "-1" }, this.title(job));
    this.chip = h("span", { class: "status" });
    this.sentence = h("p", { class: "sentence" });
    this.stage = h("p", { class: "stage-name" });
    this.bar = h("progress", { max: 1, "aria-label": "Progress" });
    this.link = h("p", { class: "lost", hidden: true }, "Connection lost, trying again.");
    this.live = h("p", { class: "unseen", role: "status" });
    this.cancel = h("button", { type: "button", class: "secondary", onclick: () => this.send("cancel") }, "Cancel");
    this.complaint = h("p", { class: "error", role: "alert" });
    this.bad = h("div", { class: "bad", hidden: true });
    this.stages = h("ol", { class: "stages", "aria-label": "Stages", hidden: true });
    this.plan = h("div", { class: "part scroll plan", hidden: true });
    this.early = h("div", { class: "early", hidden: true });
    this.warnings = h("ul", { class: "warnings", "aria-label": "Warnings", hidden: true });
    this.result = h("div", { class: "result" });
    this.result.addEventListener("use-sample", ({ detail }) => this.useSample(detail));
    this.rest = h("div", {});
    this.resultOf = this.announced = this.announcedAt = undefined;
    fill(
      this,
      h(
        "header",
        { class: "job-head" },
        h(
          "div",
          {},
          this.heading,
          h(
            "p",
            { class: "muted" },
            h("code", {}, job.id),
            " · ",
            h("time", { datetime: job.created_at, title: job.created_at }, ago(job.created_at)),
          ),
        ),
        this.chip,
      ),
      h(
        "div",
        { class: "standing" },
        h("div", { class: "standing-words" }, this.stage, this.sentence),
        this.cancel,
        this.bar,
        this.stages,
        this.link,
      ),
      this.live,
      this.complaint,
      this.bad,
      this.warnings,
      this.early,
      this.plan,
      this.result,
      this.rest,
    );
    this.about(job);
  }

  title(job) {
    return this.models.get(job.model)?.title ?? job.model;
  }

  draw() {
    const { job } = this;
    if (!job) return;
    const over = ended(job);
    const words = `${sentence(job, this.models.get(job.model), framesOf(job.told?.plan))}.`;
    say(this.heading, this.title(job));
    say(this.chip, STATUS[job.status] ?? job.status);
    this.chip.dataset.status = job.status;
    say(this.sentence, words);
    const attempt = job.attempts > 1 && !over ? `Attempt ${job.attempts} of ${job.max_attempts}. ` : "";
    say(this.stage, attempt + (job.status === "running" ? label(job.progress?.stage ?? "") : ""));
    this.stage.hidden = !this.stage.textContent;
    this.bar.hidden = over;
    const { fraction, done, total } = job.progress ?? {};
    if (job.status === "running" && job.progress) this.bar.value = fraction ?? (total > 0 ? done / total : 0);
    else this.bar.removeAttribute("value");
    this.bar.classList.toggle("waiting", job.status === "queued");
    this.cancel.hidden = over;
    this.cancel.setAttribute("aria-disabled", String(job.cancel_requested));
    say(this.cancel, job.cancel_requested ? "Cancelling" : "Cancel");
    this.link.hidden = !this.lost;
    this.announce(this.lost ? this.link.textContent : words);
    this.wrong(job);
    this.before(job);
    const key = over ? `${job.id} ${job.finished_at}` : "";
    if (key !== this.resultOf) this.results(job, key);
    document.title = `${words.replace(/\.$/, "")} – greenroom`;
  }

  announce(words) {
    const kind = `${this.job.status} ${this.job.cancel_requested} ${this.lost}`;
    const due = performance.now() - (this.announcedAt ?? -Infinity) > ANNOUNCE_MS;
    if (kind === this.announced && !due) return;
    [this.announced, this.announcedAt] = [kind, performance.now()];
    say(this.live, words);
  }

  wrong(job) {
    const told = AGAIN.has(job.status) && job.status !== "cancelled" ? job.error : null;
    const key = told ? JSON.stringify(told) : "";
    this.bad.hidden = !AGAIN.has(job.status);
    if (this.bad.dataset.told === key && this.bad.childElementCount) return;
    this.bad.dataset.told = key;
    const again = h(
      "button",
      { type: "button", class: "secondary", onclick: () => this.send("again") },
      icon("again"),
      "Run it again",
    );
    const advice = told?.retryable ? "It may well work when it is run again." : "";
    fill(
      this.bad,
      told ? h("p", { class: "what" }, reason({ message: told.message })) : null,
      told?.mend ? h("p", {}, h("strong", {}, "What helps: "), told.mend) : null,
      advice ? h("p", {}, advice) : null,
      told?.code ? h("p", { class: "muted" }, "Code ", h("code", {}, told.code)) : null,
      again,
    );
  }

  /** What is known before the result is there: the stages so far, the plan, a first look. */
  before(job) {
    const over = ended(job);
    const stages = over || job.status !== "running" ? [] : stagesSeen(job);
    this.stages.hidden = stages.length < 2;
    redraw(this.stages, JSON.stringify([stages, job.progress?.stage]), () => stages.map((stage) => mark(stage, job)));
    const plan = over ? null : job.told?.plan;
    this.plan.hidden = !plan;
    redraw(this.plan, JSON.stringify(plan ?? null), () => (plan ? table("Plan", planRows(plan)) : null));
    // While there is time to stop it; afterwards they stand among the facts.
    const found = over ? [] : (job.told?.poses?.findings ?? []).filter(({ severity }) => severity === "warning");
    this.warnings.hidden = !found.length;
    redraw(this.warnings, JSON.stringify(found), () => found.map((one) => h("li", {}, finding(one))));
    const shown = job.status === "succeeded" ? [] : (job.previews ?? []);
    this.early.hidden = !shown.length;
    const key = [job.status, ...shown.map(({ id }) => id)].join(" ");
    redraw(this.early, key, () => shown.map((artifact) => preview(artifact, over)));
  }

  async results(job, key) {
    this.resultOf = key;
    if (job.status !== "succeeded") return fill(this.result);
    const shown = await players(job);
    if (this.resultOf !== key) return undefined;
    const known = table("Facts", facts(job.output));
    const none =
      !shown.length && !job.artifacts?.length && !known
        ? h("p", { class: "muted" }, "The model gave nothing back.")
        : null;
    return fill(this.result, shown, none, downloads(job), known && h("div", { class: "part scroll" }, known));
  }

  /** What was asked for: the same from the first moment to the last. */
  about(job) {
    const use = h(
      "button",
      { type: "button", class: "secondary", onclick: () => this.send("use") },
      icon("sliders"),
      "Use these settings",
    );
    fill(
      this.rest,
      h(
        "div",
        { class: "actions" },
        use,
        copyButton("Copy curl", () => curl(job)),
      ),
      h(
        "details",
        { class: "more" },
        h("summary", {}, icon("chevron"), "The request"),
        h("div", { class: "scroll" }, table("Input", job.input)),
        h(
          "pre",
          { class: "curl", tabindex: "0", role: "region", "aria-label": "The request for a shell" },
          h("code", {}, curl(job)),
        ),
      ),
    );
  }

  /** Settings that bring a sample again: those behind it are left out. */
  useSample(number) {
    const { job } = this;
    const seed = job.output?.seed ?? job.input.seed;
    const input = { ...job.input, ...(seed === undefined ? {} : { seed }), samples: number };
    this.complain("");
    this.dispatchEvent(new CustomEvent("use", { detail: { ...job, input } }));
  }

  send(kind) {
    if (kind === "cancel" && this.job.cancel_requested) return;
    this.complain("");
    this.dispatchEvent(new CustomEvent(kind, { detail: this.job }));
  }
}

/** Fill an element anew only when what it shows is another. */
function redraw(element, key, children) {
  if (element.showing === key) return;
  element.showing = key;
  fill(element, children());
}

/** Those that were seen, with those that the plan names in their place, the ones to come as well. */
function stagesSeen(job) {
  const planned = stagesOf(job.told?.plan);
  const seen = job.stages ?? [];
  const first = seen.findIndex((stage) => planned.includes(stage));
  const before = (first < 0 ? seen : seen.slice(0, first)).filter((stage) => !planned.includes(stage));
  const after = first < 0 ? [] : seen.slice(first).filter((stage) => !planned.includes(stage));
  return [...before, ...planned, ...after];
}

/** A stage of the work: behind it, at work, or of an earlier round. */
function mark(stage, { progress }) {
  return h("li", { "aria-current": stage === progress?.stage ? "step" : null }, label(stage));
}

customElements.define("gr-job", JobElement);
