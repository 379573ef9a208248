/** The API key: kept for this tab alone, sent as a header alone. */

const NAME = "greenroom.key";

/** The key of this tab, empty without one. */
export const currentKey = () => sessionStorage.getItem(NAME) ?? "";

/**
 * Keep a key, or forget it with an empty one. Everybody who loads data hears of it.
 * @param {string} key
 */
export function changeKey(key) {
  if (key) sessionStorage.setItem(NAME, key);
  else sessionStorage.removeItem(NAME);
  document.dispatchEvent(new CustomEvent("greenroom:key-changed"));
}

/** The header that carries the key. */
export function keyHeader() {
  const key = currentKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Say that the server does not take the key, or wants one. */
export function wantKey() {
  document.dispatchEvent(new CustomEvent("greenroom:key-wanted"));
}
