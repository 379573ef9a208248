/** The captions of a sound as text below it: the cue that is heard stands out, and each one leads to its place. */

import { fill, h } from "./dom.js";

/** `new Transcript(audio, track)` shows the cues of a `<track>` of the audio. */
export class Transcript extends HTMLElement {
  /**
   * @param {HTMLAudioElement} audio
   * @param {HTMLTrackElement} track
   */
  constructor(audio, track) {
    super();
    this.audio = audio;
    this.hidden = true;
    track.addEventListener("load", () => this.draw(track.track));
    track.track.addEventListener("cuechange", () => this.mark(track.track));
    // The browser reads the cues and shows none of its own.
    track.track.mode = "hidden";
  }

  draw(track) {
    const cues = [...(track.cues ?? [])];
    this.buttons = new Map(cues.map((cue) => [cue, this.button(cue)]));
    fill(
      this,
      h("h3", {}, "Captions"),
      h(
        "p",
        { class: "cues" },
        [...this.buttons.values()].flatMap((button) => [button, " "]),
      ),
    );
    this.hidden = cues.length === 0;
    this.mark(track);
  }

  button(cue) {
    // The parsed cue, without its marks: voices, classes, times of words.
    const text = cue.getCueAsHTML().textContent.replaceAll(/\s+/g, " ");
    const seek = () => {
      this.audio.currentTime = cue.startTime;
    };
    return h("button", { type: "button", class: "cue", onclick: seek }, text);
  }

  mark(track) {
    const active = new Set(track.activeCues ?? []);
    for (const [cue, button] of this.buttons ?? []) {
      if (!active.has(cue)) button.removeAttribute("aria-current");
      else if (!button.hasAttribute("aria-current")) {
        button.setAttribute("aria-current", "true");
        this.reveal(button);
      }
    }
  }

  /** Scrolls the captions alone, not the page. */
  reveal(button) {
    const box = button.parentElement;
    const [top, low] = [button.offsetTop - box.offsetTop, button.offsetTop - box.offsetTop + button.offsetHeight];
    if (low > box.scrollTop + box.clientHeight || top < box.scrollTop) box.scrollTop = top - box.clientHeight / 3;
  }
}

customElements.define("gr-transcript", Transcript);
