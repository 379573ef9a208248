/** The choice of a model, with the state of each. */

import { fill, h, say, uid } from "./dom.js";
import { MODEL_STATE } from "./words.js";

/** `<gr-models>` sends the event `choose` with the id of a model. */
export class ModelsElement extends HTMLElement {
  constructor() {
    super();
    /** @type {Map<string, {input: HTMLInputElement, state: HTMLElement, reason: HTMLElement}>} */
    this.rows = new Map();
    this.chosen = "";
  }

  /** @param {object[]} models */
  show(models) {
    const same = models.length === this.rows.size && models.every(({ id }) => this.rows.has(id));
    if (!same) this.build(models);
    for (const model of models) {
      const { state, reason } = this.rows.get(model.id);
      state.dataset.state = model.state;
      say(state, MODEL_STATE[model.state] ?? model.state);
      say(reason, model.state === "ready" ? "" : (model.reason ?? ""));
      reason.hidden = !reason.textContent;
    }
  }

  build(models) {
    this.rows.clear();
    const row = (model) => {
      const [title, about, terms] = [uid("model"), uid("model"), uid("model")];
      const limits = model.notice ? h("span", { class: "limits", id: terms }, first(model.notice)) : null;
      const input = h("input", {
        type: "radio",
        name: "model",
        value: model.id,
        "aria-labelledby": title,
        "aria-describedby": limits ? `${about} ${terms}` : about,
        onchange: () => this.choose(model.id),
      });
      const state = h("span", { class: "state", id: about });
      const reason = h("span", { class: "reason" });
      this.rows.set(model.id, { input, state, reason });
      const task = model.task ? h("span", { class: "task" }, model.task.replaceAll(/[-_]/g, " ")) : null;
      return h(
        "label",
        { class: "model" },
        input,
        h(
          "span",
          { class: "model-words" },
          h("span", { class: "model-title", id: title }, model.title || model.id),
          task,
          state,
          limits,
          reason,
        ),
      );
    };
    fill(
      this,
      h(
        "fieldset",
        {},
        h("legend", {}, models.length > 1 ? "Model" : "The model"),
        h("div", { class: "model-list" }, models.map(row)),
      ),
    );
    this.mark(this.chosen);
  }

  choose(id) {
    this.mark(id);
    this.dispatchEvent(new CustomEvent("choose", { detail: id }));
  }

  /** @param {string} id */
  mark(id) {
    this.chosen = id;
    const input = this.rows.get(id)?.input;
    if (input) input.checked = true;
  }
}

const first = (words) => words.charAt(0).toUpperCase() + words.slice(1);

customElements.define("gr-models", ModelsElement);
