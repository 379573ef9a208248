/** Text, short or long, and JSON for what no other field can hold. */

import { h } from "./dom.js";
import { FieldElement } from "./field.js";

const LONG = /text|prompt|script|lyrics|description|caption/;
const SHORT_LENGTH = 120;
// Of several texts each has a line of its own.
const LINES = /(prompts|texts|lines)$/;

export class TextField extends FieldElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super(field);
    this.json = field.kind === "json";
    const long = this.json || LONG.test(field.name) || field.maxLength > SHORT_LENGTH;
    const attributes = {
      ...this.ties(),
      required: field.required,
      autocomplete: "off",
      spellcheck: this.json ? "false" : null,
    };
    this.lines = !this.json && LINES.test(field.name);
    const rows = field.required ? 5 : this.lines ? 4 : 2;
    // A line that is broken would look like two.
    const wrap = this.lines ? "off" : null;
    this.input = long ? h("textarea", { ...attributes, rows, wrap }) : h("input", { ...attributes, type: "text" });
    this.count = field.maxLength ? h("p", { class: "count", "aria-hidden": "true" }) : null;
    this.build(this.input, this.input, this.count);
    this.input.addEventListener("input", () => this.counted());
    this.reset();
  }

  /** Letters as Python counts them, not as JavaScript does. */
  get length() {
    return [...this.input.value].length;
  }

  counted() {
    if (!this.count) return;
    const lines = this.lines && this.input.value ? counted(this.input.value.replace(/\n$/, "").split("\n").length) : "";
    const most = this.field.maxLength.toLocaleString("en");
    this.count.textContent = `${lines}${this.length.toLocaleString("en")} of ${most} characters`;
    this.count.classList.toggle("over", this.length > this.field.maxLength);
  }

  get value() {
    // Emptied is something else than never filled: a default that was cleared is sent as an empty text.
    if (this.input.value === "") return !this.json && (this.field.required || this.field.initial) ? "" : undefined;
    return this.json ? JSON.parse(this.input.value) : this.input.value;
  }

  set value(value) {
    const none = value === null || value === undefined;
    this.input.value = none ? "" : this.json ? JSON.stringify(value, null, 2) : String(value);
    this.counted();
  }

  problem() {
    const { minLength = 0, maxLength = Infinity, pattern, required } = this.field;
    const text = this.input.value;
    if (text === "") return required && minLength > 0 ? "Write something here." : "";
    if (this.json) return parses(text) ? "" : "This is not JSON.";
    if (this.length > maxLength)
      return `It has ${this.length.toLocaleString("en")} characters; ${maxLength.toLocaleString("en")} are allowed.`;
    if (this.length < minLength) return `It needs ${minLength} characters or more.`;
    if (pattern && !fits(text, pattern)) return `It does not fit the pattern ${pattern}.`;
    return "";
  }
}

const counted = (lines) => (lines === 1 ? "1 line, " : `${lines.toLocaleString("en")} lines, `);

/** Patterns of the server's language that this one does not read are left to the server. */
function fits(text, pattern) {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

function parses(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

customElements.define("gr-text-field", TextField);
