/** A number, with a slider where both ends are known, and a die where it is a seed. */

import { fill, h, icon } from "./dom.js";
import { FieldElement } from "./field.js";
import { range } from "./schema.js";

// A slider over more steps than pixels says nothing.
const SLIDER_STEPS = 1000;

export class NumberField extends FieldElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super(field);
    this.whole = field.kind === "integer";
    this.input = h("input", {
      ...this.ties(),
      type: "number",
      inputmode: this.whole ? "numeric" : "decimal",
      step: this.whole ? 1 : "any",
      min: field.minimum ?? field.above,
      max: field.maximum ?? field.below,
      required: field.required,
      placeholder: field.seed ? "a new one each time" : field.nullable ? "automatic" : null,
      autocomplete: "off",
    });
    const unit = field.unit ? h("span", { class: "unit", "aria-hidden": "true" }, field.unit) : null;
    const row = h("div", { class: "number-row" });
    if (field.seed) fill(row, this.input, this.die());
    else fill(row, this.slider(), h("span", { class: "number-box" }, this.input, unit));
    this.build(this.input, row);
    this.reset();
  }

  slider() {
    const { minimum, maximum, nullable } = this.field;
    if (minimum === undefined || maximum === undefined || nullable) return null;
    const width = maximum - minimum;
    if (this.whole && width > SLIDER_STEPS) return null;
    const step = this.whole ? 1 : stride(minimum, width, this.field.initial);
    this.range = h("input", {
      type: "range",
      min: minimum,
      max: maximum,
      step,
      "aria-label": `${this.field.label}, slider`,
      oninput: () => {
        this.input.value = String(Number(Number(this.range.value).toPrecision(6)));
      },
    });
    this.input.addEventListener("input", () => {
      this.range.value = this.input.value;
    });
    return this.range;
  }

  die() {
    const roll = () => {
      const top = Math.min(this.field.maximum ?? 2 ** 31 - 1, 2 ** 31 - 1);
      const bottom = Math.max(0, this.field.minimum ?? 0);
      const [drawn] = crypto.getRandomValues(new Uint32Array(1));
      this.input.value = String(bottom + (drawn % (top - bottom + 1)));
      this.refuse("");
    };
    const name = this.field.label.toLowerCase();
    return h(
      "button",
      { type: "button", class: "quiet", title: `Roll a new ${name}`, onclick: roll },
      icon("die"),
      `New ${name}`,
    );
  }

  get value() {
    return this.input.value === "" ? undefined : this.input.valueAsNumber;
  }

  set value(value) {
    this.input.value = value === null || value === undefined ? "" : String(value);
    if (this.range) this.range.value = this.input.value;
  }

  problem() {
    const { validity, value } = this.input;
    const { above, below, required } = this.field;
    if (validity.badInput) return "Give a number.";
    if (value === "") return required ? "Give a number." : "";
    if (this.whole && !Number.isInteger(this.value)) return "Give a whole number.";
    const outside = validity.rangeUnderflow || validity.rangeOverflow || this.value <= above || this.value >= below;
    return outside ? `It is ${this.value}, and should be ${range(this.field)}.` : "";
  }
}

/** The largest round step, twenty or more to the whole, that meets both the minimum and the default. */
function stride(minimum, width, initial) {
  const size = 10 ** Math.floor(Math.log10(width / 20));
  const meets = (step, value) => Math.abs(value / step - Math.round(value / step)) < 1e-6;
  const fits = (step) => meets(step, minimum) && meets(step, initial ?? minimum);
  return [size, size / 2, size / 4, size / 10, size / 20].find(fits) ?? size / 100;
}

customElements.define("gr-number-field", NumberField);
