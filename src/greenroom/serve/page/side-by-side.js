/** What a job was given and what it made of it, one beside the other; clips play together. */

import { fill, h } from "./dom.js";
import { keepInStep } from "./in-step.js";
import { label } from "./words.js";

/** @typedef {{name: string, url: string, media_type: string}} Seen a file, under the name that is shown */

/** `new SideBySide(given, made, from)`: the last clip leads, and the others keep up with it. */
export class SideBySide extends HTMLElement {
  /**
   * @param {Seen[]} given
   * @param {Seen[]} made
   * @param {number} from seconds into the clips that were given at which the result begins
   */
  constructor(given, made, from) {
    super();
    const figures = [...given.map((seen) => figure(seen, false)), ...made.map((seen) => figure(seen, true))];
    fill(this, figures);
    const clips = [...this.querySelectorAll("video")];
    const leader = clips.at(-1);
    if (!leader?.controls) return;
    for (const clip of clips.slice(0, -1)) {
      clip.addEventListener("loadedmetadata", () => (clip.currentTime = from), { once: true });
      leader.addEventListener("seeking", () => (clip.currentTime = leader.currentTime + from));
      keepInStep(leader, clip, from);
    }
  }
}

/** Only what was made has controls: the rest goes with it, and is not heard. */
function figure({ name, url, media_type: type }, made) {
  const words = label(name);
  const whole = { href: url, target: "_blank", rel: "noopener" };
  const shown = type.startsWith("video/")
    ? h("video", { src: url, controls: made, playsinline: true, preload: "auto", "aria-label": words })
    : h("a", whole, h("img", { src: url, alt: `${words}, opens as a whole` }));
  if (shown instanceof HTMLVideoElement) shown.muted = !made;
  const note = h("p", { class: "muted", hidden: true }, "This browser cannot show it.");
  shown.addEventListener(
    "error",
    () => {
      shown.hidden = true;
      note.hidden = false;
    },
    true,
  );
  return h("figure", {}, shown, note, h("figcaption", { class: "muted" }, words));
}

customElements.define("gr-side-by-side", SideBySide);
