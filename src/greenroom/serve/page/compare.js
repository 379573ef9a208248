/** Two clips or two pictures on top of each other, with a divider between before and after. */

import { fill, h, icon, say } from "./dom.js";
import { keepInStep } from "./in-step.js";
import { clock } from "./words.js";

/** `new Compare(before, after, isVideo)`: the second clip leads, the first keeps up with it. */
export class Compare extends HTMLElement {
  /**
   * @param {string} before address
   * @param {string} after address
   * @param {boolean} moves both are videos
   */
  constructor(before, after, moves) {
    super();
    this.before = moves ? clip(before, "before") : h("img", { src: before, alt: "Before", class: "before" });
    this.after = moves ? clip(after, "after") : h("img", { src: after, alt: "After", class: "after" });
    // Two tracks of sound at once are noise: the result is heard.
    if (moves) this.before.muted = true;
    this.divider = h("input", {
      type: "range",
      class: "divider",
      min: 0,
      max: 100,
      step: 1,
      value: 50,
      "aria-label": "Divider between before and after",
    });
    this.stage = h(
      "div",
      { class: "stage" },
      this.after,
      this.before,
      h("span", { class: "side left", "aria-hidden": "true" }, "Before"),
      h("span", { class: "side right", "aria-hidden": "true" }, "After"),
      this.divider,
      h("span", { class: "line", "aria-hidden": "true" }),
    );
    fill(this, this.stage, moves ? this.transport() : null);
    this.divider.addEventListener("input", () => this.split());
    this.after.addEventListener(moves ? "loadedmetadata" : "load", () => this.shape());
    this.before.addEventListener("error", () => this.alone());
    this.split();
    if (moves) this.keepStep();
  }

  split() {
    this.style.setProperty("--at", `${this.divider.value}%`);
    this.divider.setAttribute(
      "aria-valuetext",
      `${this.divider.value} % before, ${100 - Number(this.divider.value)} % after`,
    );
  }

  /** The stage has the result's proportions; the source fills it. */
  shape() {
    const [width, height] = [
      this.after.videoWidth ?? this.after.naturalWidth,
      this.after.videoHeight ?? this.after.naturalHeight,
    ];
    if (width && height) this.stage.style.aspectRatio = `${width} / ${height}`;
  }

  /** The source is of a kind that this browser does not show: the result is seen by itself. */
  alone() {
    this.before.remove();
    fill(
      this.stage,
      this.after,
      h("p", { class: "side left" }, "This browser cannot show the source"),
    );
  }

  transport() {
    this.button = h(
      "button",
      { type: "button", class: "quiet round", "aria-label": "Play", onclick: () => this.toggle() },
      icon("play"),
    );
    this.position = h("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 0.01,
      value: 0,
      "aria-label": "Position in the clips",
    });
    this.time = h("span", { class: "time" }, "0:00");
    this.position.addEventListener("input", () => this.seek(Number(this.position.value)));
    this.addEventListener("keydown", (event) => {
      if (event.key !== " " || event.target instanceof HTMLButtonElement) return;
      event.preventDefault();
      this.toggle();
    });
    this.sound = h(
      "button",
      { type: "button", class: "quiet round", onclick: () => (this.after.muted = !this.after.muted) },
      icon("sound"),
    );
    return h("div", { class: "transport" }, this.button, this.position, this.time, this.sound);
  }

  toggle() {
    if (!this.after.paused) return this.after.pause();
    if (this.after.ended) this.seek(0);
    return this.after.play().catch(() => {});
  }

  seek(seconds) {
    this.after.currentTime = seconds;
    this.before.currentTime = Math.min(seconds, this.before.duration || seconds);
  }

  keepStep() {
    const { before, after } = this;
    const shown = () => {
      const playing = !after.paused && !after.ended;
      this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
      fill(this.button, icon(playing ? "pause" : "play"));
    };
    keepInStep(after, before);
    after.addEventListener("play", () => {
      shown();
      this.watch();
    });
    for (const kind of ["pause", "ended"]) after.addEventListener(kind, shown);
    const heard = () => {
      this.sound.setAttribute("aria-label", after.muted ? "Sound on" : "Sound off");
      fill(this.sound, icon(after.muted ? "muted" : "sound"));
    };
    after.addEventListener("volumechange", heard);
    heard();
    for (const kind of ["timeupdate", "loadedmetadata", "seeked", "durationchange"])
      after.addEventListener(kind, () => this.told());
  }

  watch() {
    if (this.after.paused || !this.isConnected) return;
    this.told();
    requestAnimationFrame(() => this.watch());
  }

  told() {
    const length = Number.isFinite(this.after.duration) ? this.after.duration : 0;
    this.position.max = String(length);
    this.position.value = String(this.after.currentTime);
    this.position.setAttribute("aria-valuetext", `${clock(this.after.currentTime)} of ${clock(length)}`);
    say(this.time, `${clock(this.after.currentTime)} / ${clock(length)}`);
  }
}

const clip = (src, side) =>
  h("video", {
    src,
    class: side,
    playsinline: true,
    preload: "auto",
    "aria-label": side === "before" ? "Before" : "After",
    tabindex: -1,
  });

customElements.define("gr-compare", Compare);
