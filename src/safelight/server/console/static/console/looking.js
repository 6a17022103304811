// @ts-check
// Looking at a file: asked for by a key or a button, shown on a canvas that has no address, covered again
// whenever anything is out of the ordinary. Whatever fails here, nothing is shown.
import { Listener, Waveform } from "./hearing.js";
import { plainKey } from "./keyboard.js";
import { Player } from "./playing.js";

const BEAT = 2000; // milliseconds between two words to the server on how long it has been visible
const SLOWLY = 3; // seconds that are counted down before a video plays

/** @typedef {{ address: string, beat: string, cover_seconds: number }} Opened */

class Look {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.form = /** @type {HTMLFormElement} */ (section.querySelector("form.look-ask"));
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
    /** @type {Player | Listener | null} */
    this.player = null;
    this.from = {
      picture: /** @type {HTMLInputElement | null} */ (this.form.elements.namedItem("from")),
      sound: /** @type {HTMLInputElement | null} */ (this.form.elements.namedItem("heard")),
    };
    const waves = /** @type {HTMLElement | null} */ (section.querySelector("[data-waves]"));
    this.waveform = waves && new Waveform(waves, section.dataset.waveform ?? "");
    /** @type {HTMLElement[]} */
    this.members = [];
    this.chosen = -1;
    this.form.hidden = false;
    section.querySelector("[data-without]")?.remove();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
      if (button?.name === "play") this.play(Number(button.value), "picture");
      else if (button?.name === "listen") this.play(Number(button.value), "sound");
      else this.ask(Number(button?.value ?? this.level), 1);
    });
    // Enter in the field would press the first button, which is the lowest level.
    this.reason.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (this.level > 0) this.ask(this.level, this.page);
    });
    for (const field of [this.from.picture, this.from.sound]) {
      field?.addEventListener("keydown", (event) => {
        if (event.key === "Enter") event.preventDefault();
      });
    }
    section.querySelector("[data-wave]")?.addEventListener("click", () => this.wave());
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
    return this.form.querySelector(`button[name=level][value="${level}"]:not([hidden])`);
  }

  /**
   * Of what is inside a file, one is looked at at a time.
   * @param {HTMLElement[]} members
   */
  choosesAmong(members) {
    this.members = members;
    for (const [place, member] of members.entries()) {
      member.addEventListener("click", () => this.choose(place));
    }
    this.choose(0);
  }

  /** @param {number} place */
  choose(place) {
    const chosen = this.members[place];
    if (!chosen) return;
    this.cover();
    this.chosen = place;
    this.level = 0;
    for (const member of this.members) member.setAttribute("aria-pressed", String(member === chosen));
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.form.querySelectorAll("[data-for]"))) {
      part.hidden = chosen.dataset[part.dataset.for ?? ""] === undefined;
    }
    if (this.from.picture) this.from.picture.value = chosen.dataset.plays ?? "0";
    if (this.from.sound) this.from.sound.value = chosen.dataset.sounds ?? "0";
    this.waveform?.hide();
    this.tell(this.which().join(""));
  }

  /** What is chosen inside the file, in words; nothing where it is the file itself. */
  which() {
    const member = this.member();
    return member ? [`${this.section.dataset.chosen} ${member}`] : [];
  }

  /** The address of what is looked at inside the file; none where it is the file itself. */
  member() {
    return this.members[this.chosen]?.dataset.member;
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
    if (this.lacksReason(offer)) {
      this.level = level;
      return;
    }
    this.cover();
    this.asked += 1;
    const asked = this.asked;
    try {
      const told = await this.open({ level: String(level), page: String(page) });
      const answer = told && (await this.picture(told.address, () => asked === this.asked));
      if (!told || !answer) return;
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

  /** @param {HTMLElement} offer */
  lacksReason(offer) {
    if (!offer.hasAttribute("data-needs-reason") || this.reason.value.trim() !== "") return false;
    this.reason.focus();
    return true;
  }

  /**
   * A view is opened before anything of it is fetched; null where it was refused, which was told.
   * @param {Record<string, string>} asked
   * @returns {Promise<Opened | null>}
   */
  async open(asked) {
    const body = this.asks({ ...asked, reason: this.reason.value });
    const address = this.section.dataset.open ?? "";
    const opened = await fetch(address, { method: "POST", body, redirect: "error" });
    const told = opened.headers.get("Content-Type")?.startsWith("application/json")
      ? await opened.json()
      : {};
    if (opened.ok) return told;
    this.tell(told.says ?? this.section.dataset.denied);
    return null;
  }

  /** @param {Record<string, string>} asked */
  asks(asked) {
    const body = new URLSearchParams({ ...asked, csrfmiddlewaretoken: this.token.value });
    const member = this.member();
    if (member) body.set("member", member);
    return body;
  }

  /**
   * What is behind a one-use address, if it is a picture; null, and why is told, if not. What was stopped
   * meanwhile is refused by the server, and that says nothing of what was asked for since.
   * @param {string} address
   * @param {() => boolean} current
   */
  async picture(address, current) {
    const answer = await fetch(address, { cache: "no-store", redirect: "error" });
    const kind = answer.headers.get("Content-Type");
    if (kind === "image/jpeg" || kind === "audio/wav") return answer;
    const why = answer.status === 422 ? (await answer.json()).says : this.section.dataset.denied;
    if (current()) this.cover(why);
    return null;
  }

  /** How loud a recording is, drawn; nothing is to be heard. */
  async wave() {
    try {
      const body = this.asks({});
      const address = this.section.dataset.loudness ?? "";
      const answer = await fetch(address, { method: "POST", body, redirect: "error" });
      const told = answer.headers.get("Content-Type")?.startsWith("application/json")
        ? await answer.json()
        : {};
      if (answer.ok) this.waveform?.show(told);
      else this.tell(told.says ?? this.section.dataset.denied);
    } catch {
      this.tell(this.section.dataset.gone);
    }
  }

  /**
   * Plays a video, or its sound, after a countdown that anything stops.
   * @param {number} level
   * @param {"picture" | "sound"} of
   */
  async play(level, of) {
    const name = of === "sound" ? "listen" : "play";
    const offer = /** @type {HTMLElement | null} */ (
      this.form.querySelector(`button[name=${name}][value="${level}"]`)
    );
    if (!offer || offer.closest("[hidden]") || this.lacksReason(offer)) return;
    this.cover();
    this.asked += 1;
    const asked = this.asked;
    for (let left = SLOWLY; left > 0; left -= 1) {
      this.tell(`${this.section.dataset.soon} ${left} …`);
      await new Promise((resolve) => window.setTimeout(resolve, 1000));
      if (asked !== this.asked || document.hidden) return;
    }
    try {
      const from = this.from[of]?.value || "0";
      const told = await this.open({ level: String(level), play: of, from });
      const first = told && (await this.picture(told.address, () => asked === this.asked));
      if (!told || !first) return;
      const player = this.playerOf(of);
      if (!(await player.take(first)) || asked !== this.asked || document.hidden) {
        player.stop();
        return;
      }
      this.player = player;
      if (player instanceof Player) this.display(told, player.canvas, level, 1, 1);
      else this.begin(told);
      player.start(
        (why) => this.cover(why),
        () => this.cover(this.section.dataset.gone),
      );
    } catch {
      this.cover(this.section.dataset.gone);
    }
  }

  /** @param {"picture" | "sound"} of */
  playerOf(of) {
    /** @param {string} address */
    const fetched = (address) => this.picture(address, () => this.player === player);
    /** @param {string} words */
    const tell = (words) => this.tell(words);
    /** @type {Player | Listener} */
    const player =
      of === "picture"
        ? new Player(fetched, tell, this.section.dataset)
        : new Listener(fetched, tell, this.section.dataset, this.waveform);
    return player;
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
    this.display(
      opened,
      canvas,
      level,
      Number(told.get("Safelight-Page")),
      Number(told.get("Safelight-Pages")),
    );
    const words = [`${level}`, ...this.which()];
    if (this.pages > 1) words.push(`${this.section.dataset.page} ${this.page} / ${this.pages}`);
    if (Number(told.get("Safelight-Missing")) > 0) words.push(this.section.dataset.missing ?? "");
    if (told.get("Safelight-Cut-Short") === "1") words.push(this.section.dataset.cut ?? "");
    canvas.setAttribute("aria-label", words.join(" · "));
    this.tell(words.join(" · "));
  }

  /**
   * @param {Opened} opened
   * @param {HTMLCanvasElement} canvas
   * @param {number} level
   * @param {number} page
   * @param {number} pages
   */
  display(opened, canvas, level, page, pages) {
    this.level = level;
    this.page = page;
    this.pages = pages;
    canvas.setAttribute("aria-label", `${level}`);
    this.screen.replaceChildren(canvas);
    this.screen.hidden = false;
    this.button("before").hidden = page <= 1;
    this.button("next").hidden = page >= pages;
    this.begin(opened);
  }

  /**
   * From now on it counts, and the server hears of it.
   * @param {Opened} opened
   */
  begin(opened) {
    this.opened = opened;
    this.button("cover").hidden = false;
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
    if (this.player) body.set("played_to", this.player.position.toFixed(2));
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
    if (this.player) {
      this.player.stop();
      const of = this.player instanceof Player ? "picture" : "sound";
      const resume = String(this.player.resumeAt());
      const field = this.from[of];
      if (field) field.value = resume;
      const member = this.members[this.chosen];
      if (member) member.dataset[of === "picture" ? "plays" : "sounds"] = resume;
      this.player = null;
    }
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
  const first = looks[0];
  if (!first) return;
  const members = [.../** @type {NodeListOf<HTMLElement>} */ (within.querySelectorAll("[data-member]"))];
  if (members.length > 0) first.choosesAmong(members);
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
      first;
    if (key >= "1" && key <= "4" && key.length === 1) {
      look.ask(Number(key), key === String(look.level) ? look.page : 1);
    } else if (key === "0") coverAll();
    else if (key === "v") look.play(look.level === 4 ? 4 : 3, "picture");
    else if (key === "b") look.play(3, "sound");
    else if (key === "," && look.members.length > 0) look.choose(look.chosen - 1);
    else if (key === "." && look.members.length > 0) look.choose(look.chosen + 1);
    else if (key === "[") look.turn(-1);
    else if (key === "]") look.turn(1);
    else return;
    event.preventDefault();
  });
}
