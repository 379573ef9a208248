/** Light, dark, or as the system has it. */

import { h, icon, fill } from "./dom.js";

const NEXT = { system: "light", light: "dark", dark: "system" };
const WORDS = { system: "System", light: "Light", dark: "Dark" };

/** The button that changes the scheme. What was chosen stays in this browser. */
export class ThemeElement extends HTMLElement {
  connectedCallback() {
    this.button = h("button", { type: "button", class: "quiet", onclick: () => this.change() });
    fill(this, this.button);
    this.show();
  }

  get scheme() {
    return document.documentElement.dataset.scheme ?? "system";
  }

  change() {
    const next = NEXT[this.scheme];
    if (next === "system") {
      delete document.documentElement.dataset.scheme;
      localStorage.removeItem("greenroom.scheme");
    } else {
      document.documentElement.dataset.scheme = next;
      localStorage.setItem("greenroom.scheme", next);
    }
    this.show();
    document.dispatchEvent(new CustomEvent("greenroom:theme"));
  }

  show() {
    const said = WORDS[this.scheme];
    this.button.setAttribute("aria-label", `Colours: ${said}. Change to ${WORDS[NEXT[this.scheme]]}`);
    fill(this.button, icon(this.scheme), h("span", {}, said));
  }
}

customElements.define("gr-theme", ThemeElement);
