/** Asks for the API key when the server wants one. */

import { fill, h, icon } from "./dom.js";
import { changeKey, currentKey } from "./key.js";

export class KeyElement extends HTMLElement {
  connectedCallback() {
    if (this.dialog) return;
    this.input = h("input", {
      type: "password",
      id: "api-key",
      autocomplete: "off",
      required: true,
      "aria-describedby": "api-key-help",
    });
    this.wrong = h("p", { class: "error", role: "alert" });
    const form = h(
      "form",
      { method: "dialog", onsubmit: () => this.keep() },
      h("h2", { id: "api-key-title" }, "This server wants an API key"),
      h(
        "div",
        { class: "field" },
        h("label", { for: "api-key" }, "API key"),
        h("p", { class: "help", id: "api-key-help" }, "It stays in this tab, and is gone when the tab is closed."),
        this.input,
        this.wrong,
      ),
      h(
        "div",
        { class: "form-end" },
        h("button", { type: "submit", class: "primary" }, "Continue"),
        h("button", { type: "button", class: "quiet", onclick: () => this.dialog.close() }, "Not now"),
      ),
    );
    this.dialog = h("dialog", { "aria-labelledby": "api-key-title" }, form);
    this.button = h("button", { type: "button", class: "quiet", onclick: () => this.pressed() });
    fill(this, this.button, this.dialog);
    document.addEventListener("greenroom:key-wanted", () => this.ask());
    this.show();
  }

  pressed() {
    if (currentKey()) changeKey("");
    else this.ask();
    this.show();
  }

  ask() {
    if (this.dialog.open) return;
    this.wrong.textContent = currentKey() ? "The server does not take the key that was given." : "";
    this.wanted = true;
    this.show();
    this.dialog.showModal();
  }

  keep() {
    const key = this.input.value.trim();
    this.input.value = "";
    if (key) changeKey(key);
    this.show();
  }

  show() {
    const has = currentKey() !== "";
    this.button.hidden = !has && !this.wanted;
    fill(this.button, icon("key"), h("span", {}, has ? "Forget key" : "API key"));
    this.button.setAttribute("aria-label", has ? "Forget the API key" : "Give an API key");
  }
}

customElements.define("gr-key", KeyElement);
