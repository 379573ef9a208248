/** The shape of a sound, to look at and to seek in. The audio element below it does the playing. */

import { h } from "./dom.js";
import { clock } from "./words.js";

const BAR = 3;
const GAP = 2;
// Peaks need no more; two hours of sound then take 230 MB while they are read, and none after.
const RATE = 8000;
const LARGEST = 100_000_000;
const STEP_S = 1;
const LEAP_S = 10;

/** `new Waveform(audio, address, size)` draws the file at the address, if it is not too large to be decoded here. */
export class Waveform extends HTMLElement {
  /**
   * @param {HTMLAudioElement} audio
   * @param {string} address
   * @param {number} bytes size of the file
   */
  constructor(audio, address, bytes) {
    super();
    this.audio = audio;
    this.address = address;
    this.bytes = bytes;
    /** @type {Float32Array|null} samples at RATE, until their peaks are taken */
    this.levels = null;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.append(this.canvas);
    for (const [name, value] of Object.entries({
      role: "slider",
      tabindex: "0",
      "aria-label": "Position in the sound",
      "aria-valuemin": "0",
    })) {
      this.setAttribute(name, value);
    }
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("pointerdown", (event) => this.grab(event));
    for (const kind of ["timeupdate", "seeked", "loadedmetadata", "durationchange", "ended"]) {
      audio.addEventListener(kind, () => this.moved());
    }
    audio.addEventListener("play", () => this.run());
  }

  connectedCallback() {
    this.stopped = new AbortController();
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this);
    const redraw = () => this.draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal: this.stopped.signal });
    document.addEventListener("greenroom:theme", redraw, { signal: this.stopped.signal });
    this.moved();
    if (!this.levels) this.load();
  }

  disconnectedCallback() {
    this.stopped.abort();
    this.sized.disconnect();
  }

  async load() {
    if (this.bytes > LARGEST) return;
    try {
      const answer = await fetch(this.address, { signal: this.stopped.signal });
      const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
      this.levels = peaks(sound.getChannelData(0));
      this.dataset.drawn = "true";
    } catch {
      // Without its shape the sound still plays, and the line still seeks.
    }
    this.draw();
  }

  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (!this.length) return;
    this.audio.currentTime = Math.min(this.length, Math.max(0, seconds));
    this.moved();
  }

  key(event) {
    const now = this.audio.currentTime;
    const places = {
      ArrowLeft: now - STEP_S,
      ArrowDown: now - STEP_S,
      ArrowRight: now + STEP_S,
      ArrowUp: now + STEP_S,
      PageDown: now - LEAP_S,
      PageUp: now + LEAP_S,
      Home: 0,
      End: this.length,
    };
    if (event.key === " ") this.audio.paused ? this.audio.play() : this.audio.pause();
    else if (event.key in places) this.seek(places[event.key]);
    else return;
    event.preventDefault();
  }

  grab(event) {
    const there = (at) =>
      this.seek((this.length * (at.clientX - this.getBoundingClientRect().left)) / this.clientWidth);
    this.setPointerCapture(event.pointerId);
    this.addEventListener("pointermove", there);
    this.addEventListener("lostpointercapture", () => this.removeEventListener("pointermove", there), { once: true });
    there(event);
  }

  moved() {
    this.setAttribute("aria-valuemax", this.length.toFixed(1));
    this.setAttribute("aria-valuenow", this.audio.currentTime.toFixed(1));
    this.setAttribute("aria-valuetext", `${clock(this.audio.currentTime)} of ${clock(this.length)}`);
    this.draw();
  }

  run() {
    if (this.audio.paused || !this.isConnected) return;
    this.draw();
    requestAnimationFrame(() => this.run());
  }

  draw() {
    const [width, height] = [this.clientWidth, this.clientHeight];
    if (!width) return;
    const scale = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== wide || this.canvas.height !== high)
      Object.assign(this.canvas, { width: wide, height: high });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    // Two colours that the style sheet gives, whichever scheme is on.
    const { color, caretColor } = getComputedStyle(this.canvas);
    const played = this.length ? (width * this.audio.currentTime) / this.length : 0;
    const bars = Math.max(1, Math.floor((width + GAP) / (BAR + GAP)));
    const heights = loudest(this.levels, bars);
    const top = Math.max(0.05, ...heights);
    heights.forEach((level, index) => {
      const [x, tall] = [index * (BAR + GAP), Math.max(BAR, (level / top) * height)];
      pen.fillStyle = x + BAR / 2 < played ? caretColor : color;
      pen.beginPath();
      pen.roundRect(x, (height - tall) / 2, BAR, tall, BAR / 2);
      pen.fill();
    });
  }
}

/** The loudest sample of every 10 ms. */
function peaks(samples) {
  const [width, kept] = [RATE / 100, new Float32Array(Math.ceil(samples.length / (RATE / 100)))];
  samples.forEach((sample, index) => {
    const place = Math.floor(index / width);
    kept[place] = Math.max(kept[place], Math.abs(sample));
  });
  return kept;
}

/** As many heights as there are bars. */
function loudest(levels, bars) {
  const heights = new Array(bars).fill(0);
  if (!levels?.length) return heights;
  return heights.map((_, bar) => {
    const from = Math.floor((bar * levels.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / bars));
    return levels.subarray(from, to).reduce((most, level) => Math.max(most, level), 0);
  });
}

customElements.define("gr-waveform", Waveform);
