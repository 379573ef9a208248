/** Files on their way to the server, and what is known of those that are there. */

import { getUpload, Problem, resolve, Unreachable } from "./api.js";
import { keyHeader, wantKey } from "./key.js";

/** @typedef {{id: string, name: string, media_type: string, size: number, url?: string}} Upload */

/** @type {Map<string, Promise<Upload|null>>} */
const known = new Map();

/** @param {unknown} value */
export const isUpload = (value) => typeof value === "string" && value.startsWith("upload_");

/**
 * Send a file. Throws Problem, Unreachable, and AbortError when the signal says stop.
 * @param {File} file
 * @param {(fraction: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<Upload>}
 */
export function send(file, progress, signal) {
  // fetch does not tell how far a body has gone.
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append("file", file, file.name);
  return new Promise((taken, failed) => {
    request.upload.addEventListener(
      "progress",
      (event) => event.lengthComputable && progress(event.loaded / event.total),
    );
    request.addEventListener("error", () => failed(new Unreachable()));
    request.addEventListener("abort", () => failed(new DOMException("stopped", "AbortError")));
    request.addEventListener("load", () => {
      const body = request.response ?? {};
      if (request.status === 401) wantKey();
      if (request.status < 200 || request.status > 299) return failed(new Problem(request.status, body));
      const upload = { ...body, url: URL.createObjectURL(file) };
      known.set(upload.id, Promise.resolve(upload));
      return taken(upload);
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", resolve("/v1/uploads"));
    request.responseType = "json";
    for (const [name, value] of Object.entries(keyHeader())) request.setRequestHeader(name, value);
    request.send(form);
  });
}

/**
 * What is known of an upload; null when it is gone. `url`, where there is one, shows it.
 * @param {string} id
 * @returns {Promise<Upload|null>}
 */
export function describe(id) {
  const found = known.get(id);
  if (found) return found;
  const asked = getUpload(id)
    .then((upload) => ({ ...upload, url: upload.url ? resolve(upload.url) : undefined }))
    .catch(() => {
      known.delete(id);
      return null;
    });
  known.set(id, asked);
  return asked;
}
