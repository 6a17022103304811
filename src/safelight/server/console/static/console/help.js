// @ts-check
// ? shows which keys a page knows.
import { plainKey } from "./keyboard.js";

/**
 * @param {ParentNode} within
 */
export function showHelp(within) {
  const dialog = /** @type {HTMLDialogElement | null} */ (within.querySelector("dialog#keys"));
  if (!dialog) return;
  for (const button of within.querySelectorAll("[data-opens=keys]")) {
    /** @type {HTMLElement} */ (button).hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
  document.addEventListener("keydown", (event) => {
    if (plainKey(event) === "?") dialog.showModal();
  });
}
