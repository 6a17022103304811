// @ts-check
// j and k walk the rows of a queue; Enter opens the one that has the focus, because it is a link.
import { plainKey } from "./keyboard.js";

/**
 * @param {ParentNode} within
 */
export function walkQueue(within) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...within.querySelectorAll(".queue tbody th a")]);
  const shortcuts = /** @type {HTMLElement[]} */ ([...within.querySelectorAll("[data-key]")]);
  document.addEventListener("keydown", (event) => {
    const key = plainKey(event);
    if (key === null) return;
    if ((key === "j" || key === "k") && links.length > 0) {
      const present = links.findIndex((link) => link === document.activeElement);
      const next = present < 0 ? (key === "j" ? 0 : links.length - 1) : present + (key === "j" ? 1 : -1);
      links.at(Math.min(Math.max(next, 0), links.length - 1))?.focus();
      event.preventDefault();
      return;
    }
    const shortcut = shortcuts.find((element) => element.dataset.key === key);
    if (shortcut) {
      if (shortcut.matches("input, textarea, select")) shortcut.focus();
      else shortcut.click();
      event.preventDefault();
    }
  });
}
