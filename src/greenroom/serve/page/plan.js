/** How a job will be done, as its model told before it began. */

import { size, span } from "./words.js";

// What is said in other words, or to nobody.
const SAID = new Set([
  ..."width height frames shots windows bytes free seconds estimated tile squares notes".split(" "),
  ..."model weights window overlap parked host_bytes stages length_s samples".split(" "),
  ..."resident blocks together pictures segments piece".split(" "),
  ..."stage_bytes apart keeps_said at_once latents_at_once frames_at_once".split(" "),
]);

/**
 * A plan as rows of a table. What this page does not know is shown as it was told; models are anyone's code, and what
 * is no amount is left out.
 * @param {Record<string, any>} plan
 * @returns {Record<string, unknown>}
 */
export function planRows(plan) {
  const others = Object.entries(plan).filter(([name]) => !SAID.has(name));
  const known = (name) => (amount(plan[name]) ? plan[name] : 0);
  return {
    "worked at": known("width") && known("height") ? `${plan.width} × ${plan.height} px` : null,
    frames: known("frames") ? frames(known) : null,
    sound: known("samples") ? sounds(known) : null,
    memory: known("bytes") ? size(plan.bytes) + (known("free") ? ` of ${size(plan.free)} that are free` : "") : null,
    "memory of the host": known("host_bytes") ? size(plan.host_bytes) : null,
    "on the host": waiting(plan),
    time: known("seconds") ? `about ${span(plan.seconds)}` : plan.seconds === null ? "not known on this device" : null,
    tiles: "tile" in plan ? tiles(plan.tile, known) : null,
    ...Object.fromEntries(others),
    notes: plan.notes,
  };
}

/**
 * The stages that a plan names, in their order.
 * @param {Record<string, any> | undefined} plan
 * @returns {string[]}
 */
export const stagesOf = (plan) =>
  plan?.stages && typeof plan.stages === "object" && !Array.isArray(plan.stages) ? Object.keys(plan.stages) : [];

/**
 * Those of them that count frames.
 * @param {Record<string, any> | undefined} plan
 * @returns {string[]}
 */
export const framesOf = (plan) => (amount(plan?.frames) ? stagesOf(plan) : []);

const amount = (value) => typeof value === "number" && Number.isFinite(value) && value > 0;

function tiles(tile, known) {
  if (tile === null) return "none, whole frames";
  return known("tile") ? `${known("squares") ? `${known("squares")} of ` : ""}${tile} × ${tile} px` : null;
}

function frames(known) {
  const windows = known("windows") > known("shots") ? known("windows") : 0;
  const parts = [[known("shots"), "shot"], [windows, "window"]]
    .filter(([count]) => count > 1)
    .map(([count, name]) => `${count.toLocaleString("en")} ${name}s`);
  return [known("frames").toLocaleString("en"), ...parts].join(", ");
}

/** What waits outside the device's memory until its turn comes. */
function waiting({ resident, blocks, parked, device }) {
  if (device === "cpu") return null;
  if (Number.isInteger(resident) && Number.isInteger(blocks) && 0 <= resident && resident < blocks)
    return `the weights of ${blocks - resident} of ${blocks} blocks, which come for each step`;
  return resident === null && parked === true ? "whatever has nothing to do" : null;
}

function sounds(known) {
  const [samples, windows, together] = [known("samples"), known("windows"), known("together")];
  const length = known("length_s") ? span(known("length_s")) : "";
  const many = `${samples.toLocaleString("en")} samples${length && ` of ${length}`}`;
  const pieces = windows > 1 ? `${windows.toLocaleString("en")} windows${samples > 1 ? " each" : ""}` : "";
  const batch = together && samples * Math.max(1, windows) > together ? `${together} at once` : "";
  return [samples > 1 ? many : length || "1 sample", pieces, batch].filter(Boolean).join(", ");
}
