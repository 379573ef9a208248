/** The form of a model, drawn from its schema. */

import { fill, h, icon } from "./dom.js";
import { ChoiceField, SwitchField } from "./choice-field.js";
import { MediaField } from "./media-field.js";
import { NumberField } from "./number-field.js";
import { fieldsOf } from "./schema.js";
import { TextField } from "./text-field.js";
import { reason } from "./words.js";

// So many optional inputs stand open; the others wait behind "More settings".
const OPEN = 3;

/**
 * `<gr-form>` sends the event `generate` with `{model, input}` once every field is right.
 */
export class FormElement extends HTMLElement {
  constructor() {
    super();
    /** @type {import("./field.js").FieldElement[]} */
    this.fields = [];
    this.busy = false;
  }

  /**
   * Draw the form of a model.
   * @param {{id: string, title: string, inputs: object, presets?: {name: string, input: object}[],
   *   restrictions?: string[], licences?: string[]}} model
   */
  draw(model) {
    this.model = model;
    this.fields = fieldsOf(model.inputs).map(make);
    const [open, more] = parted(this.fields);
    this.message = h("div", { class: "form-message", role: "alert" });
    this.button = h("button", { type: "submit", class: "primary" }, "Generate");
    this.form = h(
      "form",
      { novalidate: true, "aria-label": `Settings of ${model.title}`, onsubmit: (event) => this.submit(event) },
      this.terms(),
      this.presets(),
      open,
      more.length
        ? h(
            "details",
            { class: "more" },
            h("summary", {}, icon("chevron"), `More settings (${more.length})`),
            h("div", { class: "fields" }, more),
          )
        : null,
      h(
        "div",
        { class: "form-end" },
        this.button,
        h("button", { type: "button", class: "quiet", onclick: () => this.use({}) }, "Reset"),
      ),
      this.message,
    );
    fill(this, this.form);
  }

  /** What the licence keeps its users from: the gravest stands open, where it may be used at all. */
  terms() {
    const [first, ...others] = this.model.restrictions ?? [];
    if (!first) return null;
    const licences = this.model.licences?.length ? [`Licences: ${this.model.licences.join(", ")}.`] : [];
    const rest = [...others, ...licences];
    return h(
      "div",
      { class: "terms", role: "note", "aria-label": "Terms of use" },
      h("p", {}, first),
      rest.length
        ? h(
            "details",
            {},
            h("summary", {}, icon("chevron"), `More terms (${rest.length})`),
            h(
              "ul",
              {},
              rest.map((said) => h("li", {}, said)),
            ),
          )
        : null,
    );
  }

  presets() {
    const presets = this.model.presets ?? [];
    if (!presets.length) return null;
    const button = ({ name, input }) =>
      h("button", { type: "button", class: "chip", onclick: () => this.preset(input) }, name);
    return h(
      "div",
      { class: "presets", role: "group", "aria-label": "Presets" },
      h("span", {}, "Presets"),
      presets.map(button),
    );
  }

  /** A preset says how, rarely what: what was typed, or is on its way to the server, stays. */
  preset(input) {
    this.use(
      input,
      this.fields.filter(({ field }) => !field.subject || field.name in input),
    );
  }

  /**
   * Fill the form; what is not given goes back to its default.
   * @param {Record<string, unknown>} input
   * @param {HTMLElement[]} fields those that are filled
   */
  use(input, fields = this.fields) {
    for (const field of fields) {
      field.reset();
      const given = input[field.field.name];
      if (given !== undefined && given !== null) field.value = given;
    }
    fill(this.message);
  }

  /** What the API gets: what differs from the defaults, and every seed. */
  get input() {
    const given = this.fields
      .map((field) => [field.field, field.value])
      .filter(
        ([field, value]) =>
          value !== undefined &&
          (field.required || field.seed || JSON.stringify(value) !== JSON.stringify(field.initial)),
      );
    return Object.fromEntries(given.map(([field, value]) => [field.name, value]));
  }

  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    this.working("Waiting for the upload");
    await Promise.all(this.fields.map((field) => field.settled()));
    this.working("");
    fill(this.message);
    const wrong = this.fields.filter((field) => {
      const problem = field.problem();
      field.refuse(problem);
      return problem !== "";
    });
    if (wrong.length) return this.point(wrong);
    this.dispatchEvent(new CustomEvent("generate", { detail: { model: this.model.id, input: this.input } }));
  }

  /** Lead to the first field that is wrong. */
  point(wrong) {
    wrong[0].closest("details")?.setAttribute("open", "");
    fill(
      this.message,
      h(
        "p",
        { class: "error" },
        wrong.length === 1 ? `Look at ${wrong[0].field.label.toLowerCase()}.` : `Look at ${wrong.length} fields.`,
      ),
    );
    wrong[0].focus();
  }

  /**
   * Say that something goes on; with an empty text, that it is over.
   * @param {string} what
   */
  working(what) {
    this.busy = what !== "";
    // A disabled button would drop the focus.
    this.button.setAttribute("aria-disabled", String(this.busy));
    this.button.textContent = what || "Generate";
  }

  /**
   * Show why the server refused, at the fields it names.
   * @param {import("./api.js").Problem | import("./api.js").Unreachable} problem
   */
  refuse(problem) {
    const named = (problem.errors ?? []).map(({ field, message }) => [this.named(field), message]);
    // Messages begin with the name of the input they are about.
    if (!named.length) named.push([this.named(problem.message.match(/^[\w.]+/)?.[0] ?? ""), problem.message]);
    const placed = named.filter(([field]) => field);
    for (const [field, message] of placed) field.refuse(reason({ message }));
    const first = placed[0]?.[0];
    first?.closest("details")?.setAttribute("open", "");
    first?.focus();
    fill(this.message, h("p", { class: "error" }, reason(problem)));
  }

  named(name) {
    const plain = name.replace(/^(body\.)?(input\.)?/, "");
    return this.fields.find((field) => field.field.name === plain);
  }

  /** @param {string} words */
  tell(words) {
    fill(this.message, words ? h("p", {}, words) : null);
  }
}

function make(field) {
  if (field.media) return new MediaField(field);
  if (field.choices.length) return new ChoiceField(field);
  if (field.kind === "boolean") return field.nullable ? new ChoiceField(field) : new SwitchField(field);
  if (field.kind === "integer" || field.kind === "number") return new NumberField(field);
  return new TextField(field);
}

function parted(fields) {
  const needed = fields.filter(({ field }) => field.subject);
  const optional = fields.filter(({ field }) => !field.subject && !field.seed);
  const seeds = fields.filter(({ field }) => !field.subject && field.seed);
  const plain = optional.filter(({ field }) => !field.nullable).slice(0, OPEN);
  const open = new Set([...needed, ...plain, ...seeds.slice(0, 1)]);
  const order = [...needed, ...plain, ...seeds.slice(0, 1)];
  return [order, fields.filter((field) => !open.has(field))];
}

customElements.define("gr-form", FormElement);
