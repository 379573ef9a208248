/** What a job made: players, downloads, facts. */

import { resolve } from "./api.js";
import { Compare } from "./compare.js";
import { copyButton } from "./copy.js";
import { h, icon } from "./dom.js";
import { Transcript } from "./transcript.js";
import { describe, isUpload } from "./uploads.js";
import { Waveform } from "./waveform.js";
import { label, size } from "./words.js";

// Facts carry their unit at the end of their name.
const UNITS = {
  bytes: (_, value) => size(value),
  dbtp: (shown) => `${shown} dBTP`,
  hz: (shown) => `${shown} Hz`,
  lufs: (shown) => `${shown} LUFS`,
  ms: (shown) => `${shown} ms`,
  px: (shown) => `${shown} px`,
  s: (shown) => `${shown} s`,
};

/**
 * The players of a finished job.
 * @param {object} job
 * @returns {Promise<Node[]>}
 */
export async function players(job) {
  const shown = new Set((job.previews ?? []).map(({ name }) => name));
  // What was shown before the result is of no use beside it; the list of files has it.
  const made = (job.artifacts ?? []).filter(({ name }, place) => place === 0 || !shown.has(name));
  const of = (kind) => made.filter(({ media_type: type }) => type.startsWith(`${kind}/`));
  const captions = made.filter(({ media_type: type, name }) => type.startsWith("text/vtt") || name.endsWith(".vtt"));
  const source = (kind) => (of(kind).length === 1 ? given(job, kind) : null);
  const [clip, picture] = await Promise.all([source("video"), source("image")]);
  return [
    ...of("video").map((artifact) =>
      clip ? compared(clip, artifact, true) : video(artifact, captionsOf(artifact, captions)),
    ),
    ...of("image").map((artifact) => (picture ? compared(picture, artifact, false) : image(artifact))),
    ...of("audio").map((artifact) => audio(artifact, captionsOf(artifact, captions), of("audio").length > 1)),
  ];
}

/** Before and after, one over the other. */
function compared(before, artifact, moves) {
  const pair = new Compare(before, resolve(artifact.url), moves);
  return h("div", {}, pair, orSaid(pair.after, artifact.name, pair));
}

/**
 * A file to look at before the result is there.
 * @param {{name: string, url: string, media_type: string}} artifact
 */
export function preview(artifact) {
  const kind = artifact.media_type.split("/")[0];
  const shown = kind === "image" ? image(artifact, "A first look") : kind === "video" ? video(artifact) : null;
  return shown && h("figure", {}, shown, h("figcaption", { class: "muted" }, "A first look, while the rest is made."));
}

/** The address of what the job was given of a kind, if this page can show it. */
async function given(job, kind) {
  const uploads = await Promise.all(
    Object.values(job.input ?? {})
      .filter(isUpload)
      .map(describe),
  );
  return uploads.find((upload) => upload?.url && upload.media_type?.startsWith(`${kind}/`))?.url ?? null;
}

/** A format that this browser does not play is said, and the file is there to be saved. */
function orSaid(player, name, shown = player) {
  const note = h("p", { class: "muted", hidden: true }, `This browser cannot play ${name}. It can be saved below.`);
  player.addEventListener("error", () => {
    shown.hidden = player.hidden = true;
    note.hidden = false;
  });
  return note;
}

const stem = (name) => name.replace(/\.[^.]*$/, "");

function captionsOf({ name }, captions) {
  return captions.find((track) => stem(track.name) === stem(name)) ?? (captions.length === 1 ? captions[0] : undefined);
}

function track(captions) {
  return (
    captions &&
    h("track", { kind: "captions", label: "Captions", srclang: "und", src: resolve(captions.url), default: true })
  );
}

function audio(artifact, captions, several) {
  const source = resolve(artifact.url);
  const cues = track(captions);
  const player = h("audio", { src: source, controls: true, preload: "metadata", "aria-label": artifact.name }, cues);
  const shape = new Waveform(player, source, artifact.size);
  return h(
    "div",
    { class: "sound" },
    several ? h("h3", {}, artifact.name) : null,
    shape,
    player,
    orSaid(player, artifact.name, shape),
    cues ? new Transcript(player, cues) : null,
  );
}

function video(artifact, captions) {
  const source = resolve(artifact.url);
  const looks = { class: "whole", controls: true, playsinline: true, preload: "metadata", "aria-label": artifact.name };
  const player = h("video", { src: source, ...looks }, track(captions));
  return h("div", {}, player, orSaid(player, artifact.name));
}

function image(artifact, what = "The result") {
  return h("img", { src: resolve(artifact.url), class: "whole", alt: `${what}, ${artifact.name}` });
}

/** The address that saves a file instead of showing it. */
function saved({ url }) {
  const address = new URL(resolve(url));
  address.searchParams.set("download", "true");
  return address.href;
}

/**
 * The list of files, each with its size and checksum.
 * @param {object} job
 */
export function downloads(job) {
  if (!job.artifacts?.length) return null;
  const row = (artifact) =>
    h(
      "li",
      {},
      h("a", { href: saved(artifact), download: artifact.name }, icon("download"), artifact.name),
      h("span", { class: "muted" }, size(artifact.size)),
      h(
        "span",
        { class: "sum" },
        h("span", { class: "muted" }, "SHA-256 "),
        h("code", { title: artifact.sha256 }, artifact.sha256.slice(0, 12)),
        copyButton("Copy", () => artifact.sha256, `Copy the SHA-256 of ${artifact.name}`),
      ),
    );
  return h("section", { class: "part" }, h("h3", {}, "Files"), h("ul", { class: "files" }, job.artifacts.map(row)));
}

/**
 * Names and values as a table.
 * @param {string} title
 * @param {Record<string, unknown>} facts
 */
export function table(title, facts) {
  const rows = Object.entries(facts ?? {}).filter(([, value]) => !empty(value));
  if (!rows.length) return null;
  const row = ([name, value]) => {
    const [, stem, unit] = typeof value === "number" ? (name.match(/^(.+)_([a-z]+)$/) ?? []) : [];
    const known = UNITS[unit];
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, label(known ? stem : name)),
      h("td", {}, known ? known(shown(value), value) : shown(value)),
    );
  };
  return h("table", { class: "facts" }, h("caption", {}, title), h("tbody", {}, rows.map(row)));
}

const empty = (value) =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

function shown(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  // Seeds stand as they are typed.
  if (typeof value === "number") return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return value.join(value.some((item) => String(item).length > 40) ? "\n" : ", ");
  if (typeof value !== "object") return String(value);
  const parts = Object.entries(value);
  // Times of stages and the like stand below each other.
  if (Array.isArray(value) || parts.some(([, part]) => typeof part === "object")) return JSON.stringify(value);
  return parts.map(([name, part]) => `${name} ${shown(part)}`).join("\n");
}
