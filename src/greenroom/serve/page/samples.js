/** Several sounds of one request, to choose from by ear: the chosen one plays from where the last one was. */

import { saving } from "./api.js";
import { fill, h, icon, uid } from "./dom.js";

/**
 * @typedef {object} Take one of the sounds
 * @property {{name: string, url: string, media_type: string, size: number}} media what is played
 * @property {{name: string, url: string, size: number}|null} wav what was made alone
 * @property {number|null|undefined} lufs null for silence
 *
 * @typedef {{element: HTMLElement, player: HTMLMediaElement}} Panel
 */

// A player that does not load is shown all the same after this long: it says itself what is wrong.
const SHOWN_MS = 4000;

/** @type {Map<string, {index: number, at: number}>} where somebody was: links are renewed, and players with them */
const places = new Map();

/**
 * The sounds among what a job made, as its model tells of them; none for other jobs.
 * @param {object} job
 * @returns {Take[]}
 */
export function takesOf(job) {
  const told = job.output?.samples;
  if (!Array.isArray(told) || !told.length) return [];
  const named = (name) => job.artifacts?.find((artifact) => artifact.name === name) ?? null;
  const takes = told.map((sample) => ({
    media: named(sample?.file),
    wav: named(sample?.wav),
    lufs: sample?.loudness_lufs,
  }));
  return takes.every(({ media }) => /^(audio|video)\//.test(media?.media_type)) ? takes : [];
}

/** `new Samples(takes, panel)` sends `use-sample` with the number of the chosen one, counted from 1. */
export class Samples extends HTMLElement {
  /**
   * @param {Take[]} takes
   * @param {(take: Take) => Panel} panel makes the player of one
   */
  constructor(takes, panel) {
    super();
    this.takes = takes;
    this.make = panel;
    /** @type {Map<number, Panel>} those that were chosen so far */
    this.panels = new Map();
    this.key = takes[0].media.url.replace(/\?.*/, "");
    this.stage = h("div", { class: "stage-of-takes" });
    this.files = h("p", { class: "take-files" });
    fill(this, this.stage, takes.length > 1 ? this.picker() : null, this.files);
    const { index = 0, at = 0 } = places.get(this.key) ?? {};
    this.choose(Math.min(index, takes.length - 1));
    if (at) this.player.currentTime = at;
  }

  get player() {
    return this.panels.get(this.chosen).player;
  }

  picker() {
    const name = uid("take");
    this.radios = this.takes.map((_, index) =>
      h("input", { type: "radio", name, value: index, onchange: () => this.choose(index) }),
    );
    const row = (take, index) =>
      h("label", { class: "take" }, this.radios[index], h("span", {}, this.name(take, index)));
    return h("fieldset", {}, h("legend", {}, "Samples"), h("div", { class: "take-list" }, this.takes.map(row)));
  }

  name({ lufs }, index) {
    const level = lufs === null ? " · silence" : typeof lufs === "number" ? ` · ${lufs.toFixed(1)} LUFS` : "";
    return `Sample ${index + 1} of ${this.takes.length}${level}`;
  }

  /** @param {number} index */
  choose(index) {
    const last = this.panels.get(this.chosen);
    this.chosen = index;
    if (this.radios) this.radios[index].checked = true;
    const next = this.panels.get(index) ?? this.prepare(index);
    this.seen ??= next;
    if (last && last !== next) {
      goOn(next.player, last.player);
      this.show(next);
    }
    this.note();
    this.offer();
  }

  prepare(index) {
    const panel = this.make(this.takes[index]);
    this.panels.set(index, panel);
    this.stage.append(panel.element);
    for (const kind of ["timeupdate", "seeked"]) panel.player.addEventListener(kind, () => this.note());
    return panel;
  }

  /** The pictures of both are the same: the old ones stay until the new ones are there, and nothing jumps. */
  show(next) {
    const chosen = this.chosen;
    const ready = () => {
      next.element.classList.remove("coming");
      if (this.chosen !== chosen) return;
      this.seen = next;
      for (const panel of this.panels.values()) panel.element.hidden = panel !== next;
    };
    const { player, element } = next;
    if (next === this.seen || (player.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !player.seeking))
      return ready();
    element.classList.add("coming");
    element.hidden = false;
    for (const kind of ["loadeddata", "seeked", "error"]) player.addEventListener(kind, ready, { once: true });
    setTimeout(ready, SHOWN_MS);
    return undefined;
  }

  note() {
    const at = this.player.currentTime;
    places.set(this.key, { index: this.chosen, at });
  }

  /** What can be done with the chosen one. */
  offer() {
    const { media, wav } = this.takes[this.chosen];
    const number = this.chosen + 1;
    const link = (file, words) =>
      h("a", { href: saving(file), download: file.name, class: "take-file" }, icon("download"), words);
    const several = this.takes.length > 1;
    fill(
      this.files,
      link(media, several ? `Save sample ${number}` : "Save it"),
      wav && wav !== media ? link(wav, "Save its sound alone") : null,
      several &&
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            title: "Fills the form with this seed and as many samples as bring this one again.",
            onclick: () => this.dispatchEvent(new CustomEvent("use-sample", { detail: number, bubbles: true })),
          },
          icon("sliders"),
          `Use sample ${number}`,
        ),
    );
  }
}

/** Whoever compares wants the same moment, as loud and as fast. */
function goOn(next, last) {
  const plays = !last.paused && !last.ended;
  [next.volume, next.muted, next.playbackRate] = [last.volume, last.muted, last.playbackRate];
  last.pause();
  next.preload = "auto";
  next.currentTime = last.currentTime;
  if (plays) next.play().catch(() => {});
}

customElements.define("gr-samples", Samples);
