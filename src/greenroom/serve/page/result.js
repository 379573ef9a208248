/** What a job made: players, downloads, facts. */

import { resolve, saving } from "./api.js";
import { Compare } from "./compare.js";
import { copyButton } from "./copy.js";
import { fill, h, icon } from "./dom.js";
import { Samples, takesOf } from "./samples.js";
import { SideBySide } from "./side-by-side.js";
import { Transcript } from "./transcript.js";
import { describe, isUpload } from "./uploads.js";
import { Waveform } from "./waveform.js";
import { label, size, span } from "./words.js";

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
  const takes = takesOf(job);
  if (takes.length) return chosenFrom(takes, job);
  const several = await allGiven(job);
  if (several.length > 1) return together(several, job);
  const shown = new Set((job.previews ?? []).map(({ name }) => name));
  // What was shown before the result is of no use beside it; the list of files has it.
  const made = (job.artifacts ?? []).filter(({ name }, place) => place === 0 || !shown.has(name));
  const of = (kind) => made.filter(({ media_type: type }) => type.startsWith(`${kind}/`));
  const captions = made.filter(({ media_type: type, name }) => type.startsWith("text/vtt") || name.endsWith(".vtt"));
  const source = (kind) => (of(kind).length === 1 ? given(job, kind) : null);
  const early = (job.previews ?? []).filter(({ media_type: type }) => type.startsWith("image/")).at(-1);
  const [clip, picture] = await Promise.all([source("video"), source("image")]);
  return [
    ...of("video").map((artifact) =>
      clip ? compared(clip, artifact, true, early) : video(artifact, captionsOf(artifact, captions), early),
    ),
    ...of("image").map((artifact) => (picture ? compared(picture, artifact, false, early) : image(artifact))),
    ...of("audio").map((artifact) => audio(artifact, captionsOf(artifact, captions), of("audio").length > 1)),
  ];
}

/** What is made of several files is none of them before or after: all are seen together. */
function together(given, job) {
  const made = job.artifacts ?? [];
  const seen = made.filter(({ media_type: type }) => /^(video|image)\//.test(type)).map(asSeen(job));
  const clips = seen.filter(({ media_type: type }) => type.startsWith("video/"));
  // Pictures alone are read, and need room.
  if (!clips.length) return [new SideBySide(given, [], 0), ...made.map((artifact) => image(artifact))];
  const looks = seen.filter((one) => !clips.includes(one));
  return [new SideBySide(given, [...looks, ...clips], Number(job.input?.start) || 0)];
}

/** A file that was made, by what it is: the result, or what was shown before it. */
const asSeen = (job) => (artifact) => {
  const early = (job.previews ?? []).some(({ name }) => name === artifact.name);
  const name = early ? "preview" : artifact === job.artifacts[0] ? "result" : artifact.name;
  return { name, url: resolve(artifact.url), media_type: artifact.media_type };
};

/** The sounds of a job one at a time, below the picture that they were made for. */
async function chosenFrom(takes, job) {
  const heard = takes[0].media.media_type.startsWith("audio/");
  const picture = heard ? await given(job, "image") : null;
  const shown = picture && h("img", { src: picture, class: "whole", alt: "What the sound is for" });
  return [shown, new Samples(takes, (take) => panel(take, job))];
}

/** The player of one sound, with its shape. */
function panel({ media, wav }, job) {
  const source = resolve(media.url);
  const looks = { src: source, controls: true, preload: "metadata", "aria-label": media.name };
  const moves = media.media_type.startsWith("video/");
  const player = moves ? h("video", { ...looks, class: "whole", playsinline: true }) : h("audio", looks);
  // Where nothing was mixed, the sound alone has the same shape, and is quicker to come.
  const drawn = wav && job.output?.mix === "replace" && wav.size < media.size ? wav : media;
  const shape = new Waveform(player, resolve(drawn.url), drawn.size);
  const parts = moves ? [player, shape] : [shape, player];
  return { player, element: h("div", { class: "sound" }, parts, orSaid(player, media.name, shape)) };
}

/** Before and after, one over the other. */
function compared(before, artifact, moves, early) {
  const pair = new Compare(before, resolve(artifact.url), moves);
  const look = instead(early);
  pair.before.addEventListener("error", () => look?.reveal());
  return h("div", {}, pair, orSaid(pair.after, artifact.name, pair, look), look);
}

/** The picture of before and after, for where this browser shows one of the two not. */
function instead(early) {
  if (!early) return null;
  const figure = h("figure", { hidden: true });
  figure.reveal = () => {
    if (!figure.hidden) return;
    figure.hidden = false;
    fill(figure, image(early, "Before and after"));
  };
  return figure;
}

/**
 * A file to look at before the result is there.
 * @param {{name: string, url: string, media_type: string}} artifact
 * @param {boolean} over nothing more is made
 */
export function preview(artifact, over) {
  const kind = artifact.media_type.split("/")[0];
  const what = kind === "audio" ? "A first sound" : "A first look";
  const made = { image: () => image(artifact, what), video: () => video(artifact), audio: () => audio(artifact) };
  const shown = made[kind]?.() ?? null;
  const words = over ? `${what}, from before it ended.` : `${what}, while the rest is made.`;
  return shown && h("figure", {}, shown, h("figcaption", { class: "muted" }, words));
}

/** The address of what the job was given of a kind, if this page can show it. */
async function given(job, kind) {
  const shown = await allGiven(job);
  return shown.find(({ media_type: type }) => type.startsWith(`${kind}/`))?.url ?? null;
}

/** The pictures and clips that the job was given, as far as this page can show them, by the names of its inputs. */
async function allGiven(job) {
  const uploads = Object.entries(job.input ?? {}).filter(([, value]) => isUpload(value));
  const known = await Promise.all(uploads.map(async ([name, id]) => ({ ...(await describe(id)), name })));
  return known.filter(({ url, media_type: type }) => url && /^(video|image)\//.test(type ?? ""));
}

/** A format that this browser does not play is said, and the file is there to be saved. */
function orSaid(player, name, shown = player, look = null) {
  const note = h("p", { class: "muted", hidden: true }, `This browser cannot play ${name}. It can be saved below.`);
  player.addEventListener("error", () => {
    shown.hidden = player.hidden = true;
    note.hidden = false;
    look?.reveal();
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

function video(artifact, captions, early) {
  const source = resolve(artifact.url);
  const looks = { class: "whole", controls: true, playsinline: true, preload: "metadata", "aria-label": artifact.name };
  const player = h("video", { src: source, ...looks }, track(captions));
  const look = instead(early);
  return h("div", {}, player, orSaid(player, artifact.name, player, look), look);
}

function image(artifact, what = "The result") {
  return h("img", { src: resolve(artifact.url), class: "whole", alt: `${what}, ${artifact.name}` });
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
      h("a", { href: saving(artifact), download: artifact.name }, icon("download"), artifact.name),
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

/**
 * What is worth a look of what a model says of its result.
 * @param {Record<string, unknown> | null} output
 */
export function facts(output) {
  return Object.fromEntries(Object.entries(output ?? {}).flatMap(([name, value]) => told(name, value)));
}

function told(name, value) {
  // Of several sounds each is told of where it is chosen.
  if (name === "samples" && Array.isArray(value) && value.every((sample) => sample?.file)) return [];
  if (name === "rate" && typeof value === "number") return [[name, `${value} Hz`]];
  // How it was worked on in parts, and by whom after a crash, is for those who ask the API.
  if (["kind", "parts"].includes(name) || (name === "resumed" && !value)) return [];
  if (name === "findings" && Array.isArray(value)) return [[name, value.map(finding)]];
  // Whoever chooses among people looks at the picture of them.
  if (name === "people") return [];
  const pair = Array.isArray(value) && value.length === 2 && value.every(Number.isInteger);
  if (["before", "after"].includes(name) && pair) return [[name, `${value[0]} × ${value[1]} px`]];
  const times = value && typeof value === "object" && !Array.isArray(value) && name === "seconds";
  if (times && Object.values(value).every((seconds) => typeof seconds === "number"))
    return [["time", Object.entries(value).map(([stage, seconds]) => `${stage} ${span(seconds)}`).join("\n")]];
  return [[name, value]];
}

/**
 * A finding in a line.
 * @param {{severity?: string, message?: string, mend?: string}} found
 */
export const finding = (found) =>
  `${label(String(found?.severity ?? "note"))}: ${found?.message ?? ""}${found?.mend ? ` – ${found.mend}` : ""}`;

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
