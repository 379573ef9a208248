/** A model's JSON schema as a list of fields. */

import { label } from "./words.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"string"|"integer"|"number"|"boolean"|"json"} kind
 * @property {string} help
 * @property {string} unit
 * @property {boolean} required
 * @property {boolean} subject it says what is made, and not how
 * @property {boolean} nullable it may be left open, and the model then chooses
 * @property {unknown} initial the default; null and undefined are none
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [above] more than this
 * @property {number} [below] less than this
 * @property {number} [minLength]
 * @property {number} [maxLength]
 * @property {string} [pattern]
 * @property {unknown[]} choices
 * @property {string} media audio, video, image, video-or-image, or empty
 * @property {boolean} seed
 */

const MEDIA = new Set(["audio", "video", "image", "video-or-image"]);
const KINDS = new Set(["string", "integer", "number", "boolean"]);

/**
 * The fields of a schema, in its order.
 * @param {object} schema
 * @returns {Field[]}
 */
export function fieldsOf(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, said]) => field(name, said, required.has(name), schema));
}

function field(name, said, required, schema) {
  const own = pointed(said, schema);
  const branches = (own.anyOf ?? own.oneOf ?? []).map((branch) => pointed(branch, schema));
  const nullable = branches.some((branch) => branch.type === "null");
  const value = { ...own, ...(branches.find((branch) => branch.type !== "null") ?? {}) };
  const choices = value.enum ?? ("const" in value ? [value.const] : []);
  return {
    name,
    label: label(name),
    kind: KINDS.has(value.type) ? value.type : choices.length ? "string" : "json",
    help: said.description ?? own.description ?? "",
    unit: said.unit ?? value.unit ?? "",
    required,
    subject: required || said.subject === true,
    nullable,
    initial: said.default ?? own.default,
    minimum: value.minimum,
    maximum: value.maximum,
    above: value.exclusiveMinimum,
    below: value.exclusiveMaximum,
    minLength: value.minLength,
    maxLength: value.maxLength,
    pattern: value.pattern,
    choices,
    media: [said.format, value.format].find((format) => MEDIA.has(format)) ?? "",
    seed: value.type === "integer" && /(^|_)seed$/.test(name),
  };
}

/** What a `$ref`, alone or within `allOf`, points at; what stands beside it wins. */
function pointed(said, schema) {
  const reference = said.$ref ?? (said.allOf?.length === 1 ? said.allOf[0].$ref : undefined);
  if (!reference?.startsWith("#/")) return said;
  const target =
    reference
      .slice(2)
      .split("/")
      .reduce((place, step) => place?.[step], schema) ?? {};
  return { ...target, ...said };
}

/**
 * The bounds in words, unit included: "0.25 to 4 x".
 * @param {Field} field
 */
export function range({ minimum, maximum, above, below, unit }) {
  const both = minimum !== undefined && maximum !== undefined;
  const said = both
    ? [`${number(minimum)} to ${number(maximum)}`]
    : [
        minimum !== undefined && `${number(minimum)} or more`,
        above !== undefined && `more than ${number(above)}`,
        maximum !== undefined && `at most ${number(maximum)}`,
        below !== undefined && `less than ${number(below)}`,
      ].filter(Boolean);
  return said.join(", ") + (said.length && unit ? ` ${unit}` : "");
}

const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });
