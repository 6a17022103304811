// @ts-check
// A button beside a secret that is shown once; hidden where the browser cannot copy.

/**
 * @param {ParentNode} within
 */
export function offerCopying(within) {
  if (!navigator.clipboard) return;
  for (const found of within.querySelectorAll("button[data-copy]")) {
    const button = /** @type {HTMLButtonElement} */ (found);
    const source = document.getElementById(button.dataset.copy ?? "");
    if (!source) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.textContent?.trim() ?? "");
      button.textContent = button.dataset.copied ?? "✓";
    });
  }
}
