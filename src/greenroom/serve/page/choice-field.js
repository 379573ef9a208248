/** One of a few: a list for choices, a box to tick for yes and no. */

import { fill, h } from "./dom.js";
import { FieldElement } from "./field.js";

export class ChoiceField extends FieldElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super(field);
    this.choices = field.kind === "boolean" ? [true, false] : field.choices;
    const open = field.initial === null || field.initial === undefined;
    const first = field.required ? "Choose" : "Automatic";
    this.select = h(
      "select",
      { ...this.ties(), required: field.required },
      open ? h("option", { value: "" }, first) : null,
      this.choices.map((choice, index) => h("option", { value: index }, words(choice))),
    );
    this.build(this.select, h("span", { class: "select" }, this.select));
    this.reset();
  }

  get value() {
    return this.select.value === "" ? undefined : this.choices[Number(this.select.value)];
  }

  set value(value) {
    const index = this.choices.indexOf(value);
    this.select.value = index < 0 ? "" : String(index);
  }

  problem() {
    return this.field.required && this.value === undefined ? "Choose one." : "";
  }
}

export class SwitchField extends FieldElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super(field);
    this.box = h("input", { ...this.ties(), type: "checkbox" });
    this.control = this.box;
    fill(
      this,
      h("div", { class: "switch" }, this.box, h("label", { for: this.controlId }, field.label)),
      this.helpElement.textContent ? this.helpElement : null,
      this.errorElement,
    );
    this.reset();
  }

  get value() {
    return this.box.checked;
  }

  set value(value) {
    this.box.checked = value === true;
  }
}

const words = (choice) => (choice === true ? "Yes" : choice === false ? "No" : String(choice));

customElements.define("gr-choice-field", ChoiceField);
customElements.define("gr-switch-field", SwitchField);
