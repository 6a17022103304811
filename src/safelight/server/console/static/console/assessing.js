// @ts-check
// In a question, a digit chooses its answer and goes on to the next question; Escape leaves the fields.

/**
 * @param {ParentNode} within
 */
export function answerByDigits(within) {
  const form = within.querySelector("form.assessing");
  if (!form) return;
  const questions = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-questions] fieldset")]);
  form.addEventListener("keydown", (event) => {
    const pressed = /** @type {KeyboardEvent} */ (event);
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
    const target = /** @type {HTMLInputElement} */ (pressed.target);
    if (pressed.key === "Escape") {
      target.blur();
      return;
    }
    if (target.type !== "radio") return;
    const question = target.closest("fieldset");
    const chosen = question?.querySelector(`input[data-digit="${CSS.escape(pressed.key)}"]`);
    if (!question || !(chosen instanceof HTMLInputElement)) return;
    chosen.checked = true;
    chosen.focus();
    const next = questions[questions.indexOf(question) + 1];
    const first = next?.querySelector("input:checked") ?? next?.querySelector("input");
    if (first instanceof HTMLInputElement) first.focus();
    pressed.preventDefault();
  });
}
