// @ts-check
// Looking at a file: asked for by a key or a button, shown on a canvas that has no address, covered again
// whenever anything is out of the ordinary. Whatever fails here, nothing is shown.
import { plainKey } from "./keyboard.js";

const BEAT = 2000; // milliseconds between two words to the server on how long it has been visible

/** @typedef {{ address: string, beat: string, cover_seconds: number }} Opened */

class Look {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.form = /** @type {HTMLFormElement} */ (section.querySelector("form"));
    this.screen = /** @type {HTMLElement} */ (section.querySelector("[data-screen]"));
    this.says = /** @type {HTMLElement} */ (section.querySelector("[data-says]"));
    this.reason = /** @type {HTMLInputElement} */ (this.form.elements.namedItem("reason"));
    this.token = /** @type {HTMLInputElement} */ (this.form.elements.namedItem("csrfmiddlewaretoken"));
    /** @type {Opened | null} */
    this.opened = null;
    this.shownAt = 0;
    this.level = 0;
    this.page = 1;
    this.pages = 1;
    this.asked = 0;
    this.timer = 0;
    this.form.hidden = false;
    section.querySelector("[data-without]")?.remove();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
      this.ask(Number(button?.value ?? this.level), 1);
    });
    // Enter in the field would press the first button, which is the lowest level.
    this.reason.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (this.level > 0) this.ask(this.level, this.page);
    });
    this.button("cover").addEventListener("click", () => this.cover());
    this.button("before").addEventListener("click", () => this.turn(-1));
    this.button("next").addEventListener("click", () => this.turn(1));
  }

  /**
   * @param {string} name
   * @returns {HTMLButtonElement}
   */
  button(name) {
    return /** @type {HTMLButtonElement} */ (this.section.querySelector(`[data-${name}]`));
  }

  /** @param {number} level */
  offers(level) {
    return this.form.querySelector(`button[name=level][value="${level}"]`);
  }

  /** @param {number} by */
  turn(by) {
    const page = this.page + by;
    if (this.opened && page >= 1 && page <= this.pages) this.ask(this.level, page);
  }

  /**
   * @param {number} level
   * @param {number} page
   */
  async ask(level, page) {
    const offer = /** @type {HTMLElement | null} */ (this.offers(level));
    if (!offer) return;
    if (offer.hasAttribute("data-needs-reason") && this.reason.value.trim() === "") {
      this.level = level;
      this.reason.focus();
      return;
    }
    this.cover();
    this.asked += 1;
    const asked = this.asked;
    try {
      const body = new URLSearchParams({
        level: String(level),
        page: String(page),
        reason: this.reason.value,
        csrfmiddlewaretoken: this.token.value,
      });
      const opened = await fetch(this.section.dataset.open ?? "", {
        method: "POST",
        body,
        redirect: "error",
      });
      const told = opened.headers.get("Content-Type")?.startsWith("application/json")
        ? await opened.json()
        : {};
      if (!opened.ok) {
        this.tell(told.says ?? this.section.dataset.denied);
        return;
      }
      const answer = await fetch(told.address, { cache: "no-store", redirect: "error" });
      if (answer.headers.get("Content-Type") !== "image/jpeg") {
        const why = answer.status === 422 ? (await answer.json()).says : this.section.dataset.denied;
        this.tell(why);
        return;
      }
      const picture = await createImageBitmap(await answer.blob());
      if (asked !== this.asked || document.hidden) {
        picture.close();
        return;
      }
      this.show(told, picture, level, answer.headers);
    } catch {
      this.cover();
      this.tell(this.section.dataset.gone);
    }
  }

  /**
   * @param {Opened} opened
   * @param {ImageBitmap} picture
   * @param {number} level
   * @param {Headers} told
   */
  show(opened, picture, level, told) {
    const canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.setAttribute("role", "img");
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
    this.opened = opened;
    this.level = level;
    this.page = Number(told.get("Safelight-Page"));
    this.pages = Number(told.get("Safelight-Pages"));
    const words = [`${level}`];
    if (this.pages > 1) words.push(`${this.section.dataset.page} ${this.page} / ${this.pages}`);
    if (Number(told.get("Safelight-Missing")) > 0) words.push(this.section.dataset.missing ?? "");
    if (told.get("Safelight-Cut-Short") === "1") words.push(this.section.dataset.cut ?? "");
    canvas.setAttribute("aria-label", words.join(" · "));
    this.screen.replaceChildren(canvas);
    this.screen.hidden = false;
    this.button("cover").hidden = false;
    this.button("before").hidden = this.page <= 1;
    this.button("next").hidden = this.page >= this.pages;
    this.tell(words.join(" · "));
    this.shownAt = performance.now();
    this.beat();
    this.timer = window.setInterval(() => this.beat(), BEAT);
  }

  seconds() {
    return (performance.now() - this.shownAt) / 1000;
  }

  async beat() {
    const opened = this.opened;
    if (!opened) return;
    if (this.seconds() >= opened.cover_seconds) {
      this.cover(this.section.dataset.covered);
      return;
    }
    try {
      const answer = await this.send(opened, this.seconds(), false);
      const told = answer.ok ? await answer.json() : { cover: this.section.dataset.gone };
      if (told.cover && this.opened === opened) this.cover(told.cover);
    } catch {
      if (this.opened === opened) this.cover(this.section.dataset.gone);
    }
  }

  /**
   * @param {Opened} opened
   * @param {number} seconds
   * @param {boolean} ended
   */
  send(opened, seconds, ended) {
    const body = new URLSearchParams({ seconds: seconds.toFixed(1), csrfmiddlewaretoken: this.token.value });
    if (ended) body.set("ended", "1");
    return fetch(opened.beat, { method: "POST", body, redirect: "error", keepalive: true });
  }

  /** @param {string} [why] */
  cover(why) {
    this.asked += 1;
    window.clearInterval(this.timer);
    this.screen.replaceChildren();
    this.screen.hidden = true;
    for (const name of ["cover", "before", "next"]) this.button(name).hidden = true;
    const opened = this.opened;
    this.opened = null;
    if (opened) this.send(opened, this.seconds(), true).catch(() => {});
    this.tell(why ?? "");
  }

  /** @param {string | undefined} words */
  tell(words) {
    this.says.textContent = words ?? "";
  }
}

/**
 * @param {ParentNode} within
 */
export function offerLooking(within) {
  const looks = [...within.querySelectorAll("[data-look]")].map(
    (found) => new Look(/** @type {HTMLElement} */ (found)),
  );
  if (looks.length === 0) return;
  const coverAll = () => {
    for (const look of looks) look.cover();
  };
  // A hidden window, another window in front, printing, leaving, coming back, and any fault: covered.
  document.addEventListener("visibilitychange", coverAll);
  for (const kind of ["blur", "pagehide", "pageshow", "beforeprint", "error", "unhandledrejection"]) {
    window.addEventListener(kind, coverAll);
  }
  for (const look of looks) {
    for (const kind of ["contextmenu", "dragstart"]) {
      look.screen.addEventListener(kind, (event) => event.preventDefault());
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") coverAll();
    const key = plainKey(event);
    if (key === null) return;
    const look =
      looks.find((one) => one.opened) ??
      looks.find((one) => one.section.contains(document.activeElement)) ??
      /** @type {Look} */ (looks[0]);
    if (key >= "1" && key <= "4" && key.length === 1) {
      look.ask(Number(key), key === String(look.level) ? look.page : 1);
    } else if (key === "0") coverAll();
    else if (key === "[") look.turn(-1);
    else if (key === "]") look.turn(1);
    else return;
    event.preventDefault();
  });
}
