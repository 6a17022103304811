// @ts-check
// Plays a video without its sound: pictures of frames, drawn one after the other on a canvas. Time stands still
// where the next seconds are not here yet.
import { Recording } from "./recording.js";

const LONGEST_STEP = 0.4; // seconds: a page that was kept busy goes on where it was, and skips nothing

/**
 * @typedef {import("./recording.js").Told & { moments: number[], columns: number, width: number,
 *   height: number }} Told
 * @typedef {{ told: Told, sheet: ImageBitmap }} Segment
 */

/** @extends {Recording<Segment>} */
export class Player extends Recording {
  /**
   * @param {(address: string) => Promise<Response | null>} fetched
   * @param {(words: string) => void} tell
   * @param {DOMStringMap} words
   */
  constructor(fetched, tell, words) {
    super(fetched, tell, words);
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    /** @type {Segment | null} */
    this.on = null;
    this.drawn = -1;
    this.before = 0;
  }

  /**
   * @override
   * @param {Told} told
   * @param {Response} answer
   */
  async read(told, answer) {
    return { told, sheet: await createImageBitmap(await answer.blob()) };
  }

  /**
   * @override
   * @param {Segment} segment
   */
  drop(segment) {
    segment.sheet.close();
  }

  /**
   * @override
   * @param {(why?: string) => void} finish
   * @param {() => void} fail
   */
  start(finish, fail) {
    this.before = performance.now();
    super.start(finish, fail);
    this.draw();
  }

  /** @override */
  step() {
    const time = performance.now();
    const passed = Math.min((time - this.before) / 1000, LONGEST_STEP);
    this.before = time;
    const present = this.present;
    if (!present) return;
    this.reach(Math.min(this.position + passed, present.told.ends));
    this.draw();
    if (this.position < present.told.ends) return;
    if (!this.advance(present)) this.say(` · ${this.words.waits}`);
    else if (!this.ended) this.draw();
  }

  draw() {
    if (!this.present) return;
    const { told, sheet } = this.present;
    const frame = Math.max(0, told.moments.filter((moment) => moment <= this.position).length - 1);
    if (frame !== this.drawn || this.present !== this.on) {
      this.drawn = frame;
      this.on = this.present;
      if (this.canvas.width !== told.width) this.canvas.width = told.width;
      if (this.canvas.height !== told.height) this.canvas.height = told.height;
      const left = (frame % told.columns) * told.width;
      const top = Math.floor(frame / told.columns) * told.height;
      this.canvas
        .getContext("2d")
        ?.drawImage(sheet, left, top, told.width, told.height, 0, 0, told.width, told.height);
    }
    if (Math.floor(this.position) !== this.second) this.say();
  }

  /** @override */
  stop() {
    super.stop();
    this.canvas.width = 0;
  }
}
