/** How a job will be done, as its model told before it began. */

import { size, span } from "./words.js";

// What is said in other words, or to nobody.
const SAID = new Set([
  ..."width height frames shots windows bytes free seconds estimated tile squares notes".split(" "),
  ..."model weights window overlap parked host_bytes stages".split(" "),
]);

/**
 * A plan as rows of a table. What this page does not know is shown as it was told.
 * @param {Record<string, any>} plan
 * @returns {Record<string, unknown>}
 */
export function planRows(plan) {
  const others = Object.entries(plan).filter(([name]) => !SAID.has(name));
  return {
    "worked at": plan.width && plan.height ? `${plan.width} × ${plan.height} px` : null,
    frames: Number.isInteger(plan.frames) ? amount(plan) : null,
    memory: plan.bytes ? size(plan.bytes) + (plan.free ? ` of ${size(plan.free)} that are free` : "") : null,
    "memory of the host": plan.host_bytes ? size(plan.host_bytes) : null,
    time: plan.seconds ? `about ${span(plan.seconds)}` : null,
    tiles: "tile" in plan ? tiles(plan) : null,
    ...Object.fromEntries(others),
    notes: plan.notes,
  };
}

const tiles = ({ tile, squares }) =>
  tile ? `${squares ? `${squares} of ` : ""}${tile} × ${tile} px` : "none, whole frames";

function amount({ frames, shots, windows }) {
  const parts = [[shots, "shot"], [windows > shots ? windows : 0, "window"]]
    .filter(([count]) => count > 1)
    .map(([count, name]) => `${count.toLocaleString("en")} ${name}s`);
  return [frames.toLocaleString("en"), ...parts].join(", ");
}
