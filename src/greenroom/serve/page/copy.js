/** A button that copies a text. */

import { h, icon } from "./dom.js";

const SAID_MS = 2000;

/**
 * @param {string} words what the button says
 * @param {() => string} text what it copies
 * @param {string} [name] its name for those who do not see what stands beside it
 */
export function copyButton(words, text, name) {
  const told = h("span", {}, words);
  const button = h("button", { type: "button", class: "quiet", "aria-label": name ?? null }, icon("copy"), told);
  const live = h("span", { class: "unseen", role: "status" });
  button.addEventListener("click", async () => {
    const done = await copied(text());
    told.textContent = done ? "Copied" : "Not copied";
    live.textContent = done ? "Copied" : "The browser did not allow copying";
    setTimeout(() => {
      told.textContent = words;
      live.textContent = "";
    }, SAID_MS);
  });
  return h("span", { class: "copy" }, button, live);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages of another machine without TLS have no clipboard; the old way works there.
    const area = h("textarea", { class: "unseen", "aria-hidden": "true", tabindex: -1 });
    const before = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}
