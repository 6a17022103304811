// @ts-check
// Single keys act only where nobody is writing, and never together with a modifier.

/**
 * The key of an event, or null where it belongs to a field, a dialog or the browser.
 * @param {KeyboardEvent} event
 * @returns {string | null}
 */
export function plainKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const target = /** @type {HTMLElement | null} */ (event.target);
  if (target?.closest("input, textarea, select, dialog, [contenteditable]")) return null;
  return event.key;
}
