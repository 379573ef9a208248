/** What all fields of the form share: label, help, bounds, and an error said where it is. */

import { fill, h, uid } from "./dom.js";
import { range } from "./schema.js";

/**
 * Base of the fields. A field is made with `new`, from what the schema says of it.
 * Those who derive from it give `control` (what is labelled and focused), `value` and `problem()`.
 */
export class FieldElement extends HTMLElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super();
    this.field = field;
    this.classList.add("field");
    this.controlId = uid(`input-${field.name}`);
    this.errorElement = h("p", { class: "error", id: `${this.controlId}-error`, hidden: true });
    this.helpElement = h("p", { class: "help", id: `${this.controlId}-help` }, this.hint());
    this.addEventListener("input", () => this.refuse(""));
  }

  /** The words below the label. */
  hint() {
    const bounds = this.field.seed ? "" : range(this.field);
    const initial = this.field.initial;
    const told = [];
    if (this.field.help) told.push(this.field.help);
    if (bounds) told.push(`${bounds.charAt(0).toUpperCase()}${bounds.slice(1)}.`);
    if (typeof initial === "number" && !this.field.seed) told.push(`Default ${initial}.`);
    return told.join(" ");
  }

  /** The attributes that tie a control to its label, help and error. */
  ties() {
    const described = [this.helpElement.textContent && this.helpElement.id, this.errorElement.id]
      .filter(Boolean)
      .join(" ");
    return { id: this.controlId, name: this.field.name, "aria-describedby": described };
  }

  /**
   * Put the parts in their order.
   * @param {HTMLElement} control
   * @param {...(Node|null)} around what stands around the control, itself included
   */
  build(control, ...around) {
    this.control = control;
    const needed = this.field.required ? null : h("span", { class: "optional" }, "optional");
    const open = this.field.required || (this.field.initial !== undefined && this.field.initial !== null);
    fill(
      this,
      h("div", { class: "field-head" }, h("label", { for: this.controlId }, this.field.label), open ? null : needed),
      this.helpElement.textContent ? this.helpElement : null,
      around.length ? around : control,
      this.errorElement,
    );
  }

  /**
   * Say what is wrong, or with an empty text that nothing is.
   * @param {string} message
   */
  refuse(message) {
    this.errorElement.textContent = message;
    this.errorElement.hidden = !message;
    if (message) this.control.setAttribute("aria-invalid", "true");
    else this.control.removeAttribute("aria-invalid");
  }

  /** What is wrong with the value, empty when it is right. */
  problem() {
    return "";
  }

  /** Resolves when the value is there; an upload takes its time. */
  async settled() {}

  /** What the API gets; undefined leaves the input out. */
  get value() {
    return undefined;
  }

  /** Back to the default. */
  reset() {
    this.value = this.field.initial;
    this.refuse("");
  }

  focus() {
    this.control.focus();
  }
}
