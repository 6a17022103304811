// @ts-check
// Plays a video without its sound: pictures of frames, drawn one after the other on a canvas. The next seconds
// are asked for while the present ones play, and time stands still where they are not here yet.

const LONGEST_STEP = 0.4; // seconds: a page that was kept busy goes on where it was, and skips nothing

/**
 * @typedef {{ begins: number, ends: number, promised: number, missing: number, counts: boolean,
 *   moments: number[], columns: number, width: number, height: number, next: string | null }} Told
 * @typedef {{ told: Told, sheet: ImageBitmap }} Segment
 */

export class Player {
  /**
   * @param {(address: string) => Promise<Response | null>} picture
   * @param {(words: string) => void} tell
   * @param {DOMStringMap} words
   */
  constructor(picture, tell, words) {
    this.picture = picture;
    this.tell = tell;
    this.words = words;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    /** @type {Segment | null} */
    this.present = null;
    /** @type {Segment | null} */
    this.following = null;
    this.position = 0;
    this.ended = false;
    this.drawn = -1;
    this.second = -1;
    this.timer = 0;
    this.before = 0;
    this.counts = true;
    /** @type {(why?: string) => void} */
    this.finish = () => {};
    this.fail = () => {};
  }

  /**
   * Takes a segment in: the first, or the one that follows. False where there is none.
   * @param {Response} answer
   */
  async take(answer) {
    const header = answer.headers.get("Safelight-Segment");
    if (!header) return false;
    /** @type {Told} */
    const told = JSON.parse(header);
    const sheet = await createImageBitmap(await answer.blob());
    if (this.ended) {
      sheet.close();
      return false;
    }
    this.counts = this.counts && told.counts && told.missing === 0;
    if (this.present) {
      this.following = { told, sheet };
    } else {
      this.present = { told, sheet };
      this.position = told.begins;
    }
    return true;
  }

  /**
   * @param {(why?: string) => void} finish
   * @param {() => void} fail
   */
  start(finish, fail) {
    this.finish = finish;
    this.fail = fail;
    this.before = performance.now();
    this.timer = window.setInterval(() => this.step(), 50);
    this.enter();
  }

  /** The present segment begins: its first frame is drawn, and the next one is asked for. */
  enter() {
    this.drawn = -1;
    this.draw();
    const next = this.present?.told.next;
    if (!next) return;
    this.picture(next)
      .then(async (answer) => {
        if (answer && !this.ended) await this.take(answer);
      })
      .catch(() => {
        if (!this.ended) this.fail();
      });
  }

  step() {
    const time = performance.now();
    const passed = Math.min((time - this.before) / 1000, LONGEST_STEP);
    this.before = time;
    const present = this.present;
    if (!present) return;
    this.position = Math.min(this.position + passed, present.told.ends);
    this.draw();
    if (this.position < present.told.ends) return;
    if (present.told.next === null) {
      const end = [this.words.end ?? ""];
      if (!this.counts) end.push(this.words.part ?? "");
      this.finish(end.join(" "));
    } else if (this.following) {
      present.sheet.close();
      this.present = this.following;
      this.following = null;
      this.enter();
    } else {
      this.say(` · ${this.words.waits}`);
    }
  }

  draw() {
    if (!this.present) return;
    const { told, sheet } = this.present;
    const frame = Math.max(0, told.moments.filter((moment) => moment <= this.position).length - 1);
    if (frame !== this.drawn) {
      this.drawn = frame;
      if (this.canvas.width !== told.width) this.canvas.width = told.width;
      if (this.canvas.height !== told.height) this.canvas.height = told.height;
      const left = (frame % told.columns) * told.width;
      const top = Math.floor(frame / told.columns) * told.height;
      this.canvas
        .getContext("2d")
        ?.drawImage(sheet, left, top, told.width, told.height, 0, 0, told.width, told.height);
    }
    if (Math.floor(this.position) !== this.second) this.say("");
  }

  /** @param {string} more */
  say(more) {
    this.second = more ? -1 : Math.floor(this.position);
    const promised = this.present?.told.promised ?? 0;
    const of = promised > 0 ? ` / ${clock(promised)}` : "";
    this.tell(`${this.words.played} ${clock(this.position)}${of}${more}`);
  }

  /** The second to go on from; the beginning once the end was reached. */
  resumeAt() {
    const present = this.present;
    if (present && present.told.next === null && this.position >= present.told.ends) return 0;
    return Math.floor(this.position);
  }

  stop() {
    this.ended = true;
    window.clearInterval(this.timer);
    this.present?.sheet.close();
    this.following?.sheet.close();
    this.canvas.width = 0;
  }
}

/**
 * Minutes and seconds.
 * @param {number} seconds
 */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
