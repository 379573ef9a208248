/** A media file: chosen, dropped or linked. Chosen files go to the server at once, with progress. */

import { fill, h, icon, say } from "./dom.js";
import { FieldElement } from "./field.js";
import { describe, isUpload, send } from "./uploads.js";
import { reason, size } from "./words.js";

const WHAT = { audio: "a recording", video: "a video", image: "a picture", "video-or-image": "a video or a picture" };

export class MediaField extends FieldElement {
  /** @param {import("./schema.js").Field} field */
  constructor(field) {
    super(field);
    this.kinds = field.media === "video-or-image" ? ["video", "image"] : [field.media];
    this.chosen = "";
    this.failure = "";
    this.sending = null;
    this.file = h("input", {
      ...this.ties(),
      type: "file",
      accept: this.kinds.map((kind) => `${kind}/*`).join(","),
      onchange: () => this.file.files.length && this.take(this.file.files[0]),
    });
    this.link = h("input", {
      type: "url",
      placeholder: "https://",
      "aria-label": `${field.label}, as a link`,
      autocomplete: "off",
      oninput: () => {
        this.failure = "";
      },
    });
    this.linkRow = h("div", { class: "media-link" }, h("span", { "aria-hidden": "true" }, "or a link"), this.link);
    this.zone = h("div", { class: "zone" });
    this.build(this.file, this.zone, this.linkRow);
    this.helpElement.after(this.zone);
    this.droppable();
    this.empty();
  }

  droppable() {
    const over = (on) => (event) => {
      event.preventDefault();
      this.zone.classList.toggle("over", on);
    };
    this.zone.addEventListener("dragover", over(true));
    this.zone.addEventListener("dragleave", over(false));
    this.zone.addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer?.files.length) this.take(event.dataTransfer.files[0]);
    });
  }

  empty() {
    this.sending?.stop.abort();
    this.sending = null;
    this.chosen = "";
    this.failure = "";
    this.file.value = "";
    this.linkRow.hidden = false;
    fill(
      this.zone,
      icon("upload"),
      this.file,
      h("span", { class: "drop-words" }, `or drop ${WHAT[this.field.media]} here`),
    );
  }

  /** @param {File} file */
  async take(file) {
    this.refuse("");
    // A browser that does not know a type says nothing; the server looks into the file.
    if (file.type && !this.kinds.includes(file.type.split("/")[0])) {
      this.empty();
      this.fail(`${file.name} is not ${WHAT[this.field.media]}.`);
      return;
    }
    const stop = new AbortController();
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
    const told = h("span", { class: "drop-words" }, `0 % of ${size(file.size)}`);
    const cancel = h("button", { type: "button", class: "quiet", onclick: () => this.empty() }, "Stop");
    this.linkRow.hidden = true;
    fill(this.zone, h("div", { class: "sending" }, h("strong", {}, file.name), bar, told), cancel);
    const progress = (fraction) => {
      bar.value = fraction;
      say(told, fraction < 1 ? `${Math.floor(100 * fraction)} % of ${size(file.size)}` : "The server looks at it");
    };
    const sent = send(file, progress, stop.signal);
    this.sending = {
      stop,
      done: sent.then(
        () => {},
        () => {},
      ),
    };
    try {
      this.show(await sent);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.empty();
      this.fail(reason(error));
    }
  }

  /** Say it now, and again when the form is sent. */
  fail(message) {
    this.failure = message;
    this.refuse(message);
  }

  /** @param {import("./uploads.js").Upload} upload */
  show(upload) {
    this.sending = null;
    this.chosen = upload.id;
    this.linkRow.hidden = true;
    this.link.value = "";
    const remove = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-label": `Remove ${upload.name}`,
        onclick: () => {
          this.empty();
          this.file.focus();
        },
      },
      "Remove",
    );
    const facts = h(
      "div",
      { class: "sending" },
      h("strong", {}, upload.name),
      h("span", { class: "drop-words" }, upload.size ? size(upload.size) : "from an earlier job"),
    );
    fill(this.zone, preview(upload), facts, remove);
    this.control = remove;
  }

  get value() {
    return this.chosen || this.link.value.trim() || undefined;
  }

  set value(value) {
    this.empty();
    this.control = this.file;
    this.link.value = "";
    if (!isUpload(value)) this.link.value = value ?? "";
    else {
      this.show({ id: value, name: value, media_type: "", size: 0 });
      describe(value).then((upload) => upload && this.chosen === value && this.show(upload));
    }
  }

  async settled() {
    await this.sending?.done;
  }

  problem() {
    const value = this.value;
    if (this.failure) return this.failure;
    if (!value) return this.field.required ? `Choose ${WHAT[this.field.media]}, or give a link.` : "";
    if (!this.chosen && !/^https?:\/\/./i.test(value)) return "A link begins with http:// or https://.";
    return "";
  }
}

function preview({ url, media_type: type, name }) {
  if (!url) return null;
  if (type.startsWith("image/")) return h("img", { src: url, alt: `Preview of ${name}` });
  if (type.startsWith("video/"))
    return h("video", {
      src: url,
      controls: true,
      muted: true,
      playsinline: true,
      preload: "metadata",
      "aria-label": `Preview of ${name}`,
    });
  if (type.startsWith("audio/"))
    return h("audio", { src: url, controls: true, preload: "metadata", "aria-label": `Preview of ${name}` });
  return null;
}

customElements.define("gr-media-field", MediaField);
