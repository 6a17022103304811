// @ts-check
// Lets a sound be heard, quietly, a few seconds at a time, and draws how loud it is. There is no player that
// could be made louder, saved from, or go on behind another window.

import { clock } from "./playing.js";

const VOLUME = 0.5; // of what the server sends, which is never loud
const FADE = 1; // seconds in which it becomes as loud as that

/**
 * @typedef {{ begins: number, ends: number, promised: number, missing: number, counts: boolean,
 *   next: string | null }} Told
 * @typedef {{ told: Told, buffer: AudioBuffer, at: number }} Segment
 */

export class Waveform {
  /**
   * @param {HTMLElement} place
   * @param {string} name
   */
  constructor(place, name) {
    this.place = place;
    this.name = name;
    this.seconds = 0;
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
    /** @type {number[]} */
    this.peaks = [];
  }

  /** @param {{ seconds: number, peaks: number[] }} told */
  show(told) {
    this.seconds = told.seconds;
    this.peaks = told.peaks;
    this.canvas = document.createElement("canvas");
    this.canvas.width = 600;
    this.canvas.height = 80;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${this.name}, ${clock(told.seconds)}`);
    this.place.replaceChildren(this.canvas);
    this.place.hidden = false;
    this.draw(0);
  }

  hide() {
    this.canvas = null;
    this.peaks = [];
    this.place.replaceChildren();
    this.place.hidden = true;
  }

  /** @param {number} position */
  draw(position) {
    const pen = this.canvas?.getContext("2d");
    if (!this.canvas || !pen) return;
    const { width, height } = this.canvas;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#9ab";
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor((x * this.peaks.length) / width);
      const to = Math.max(from + 1, Math.floor(((x + 1) * this.peaks.length) / width));
      const loud = (Math.max(...this.peaks.slice(from, to)) / 255) * (height - 4);
      pen.fillRect(x, (height - loud) / 2, 1, Math.max(1, loud));
    }
    pen.fillStyle = "#fff";
    if (this.seconds > 0) pen.fillRect(Math.min(width - 2, (position / this.seconds) * width), 0, 2, height);
  }
}

export class Listener {
  /**
   * @param {(address: string) => Promise<Response | null>} fetched
   * @param {(words: string) => void} tell
   * @param {DOMStringMap} words
   * @param {Waveform | null} waveform
   */
  constructor(fetched, tell, words, waveform) {
    this.fetched = fetched;
    this.tell = tell;
    this.words = words;
    this.waveform = waveform;
    this.context = new AudioContext();
    this.volume = this.context.createGain();
    this.volume.connect(this.context.destination);
    /** @type {Segment | null} */
    this.present = null;
    /** @type {Segment | null} */
    this.following = null;
    this.position = 0;
    this.second = -1;
    this.ended = false;
    this.counts = true;
    this.timer = 0;
    /** @type {(why?: string) => void} */
    this.finish = () => {};
    this.fail = () => {};
  }

  /**
   * Takes a segment in: the first, or the one that follows, which then sounds without a gap.
   * @param {Response} answer
   */
  async take(answer) {
    const header = answer.headers.get("Safelight-Segment");
    if (!header) return false;
    /** @type {Told} */
    const told = JSON.parse(header);
    const buffer = await this.context.decodeAudioData(await answer.arrayBuffer());
    if (this.ended) return false;
    this.counts = this.counts && told.counts && told.missing === 0;
    if (this.present) {
      this.following = { told, buffer, at: 0 };
      this.sound(this.following, this.present.at + this.present.buffer.duration);
    } else {
      this.present = { told, buffer, at: 0 };
      this.position = told.begins;
    }
    return true;
  }

  /**
   * @param {Segment} segment
   * @param {number} at
   */
  sound(segment, at) {
    const source = this.context.createBufferSource();
    source.buffer = segment.buffer;
    source.connect(this.volume);
    segment.at = Math.max(at, this.context.currentTime);
    source.start(segment.at);
  }

  /**
   * @param {(why?: string) => void} finish
   * @param {() => void} fail
   */
  start(finish, fail) {
    this.finish = finish;
    this.fail = fail;
    const present = this.context.currentTime;
    this.volume.gain.setValueAtTime(0, present);
    this.volume.gain.linearRampToValueAtTime(VOLUME, present + FADE);
    if (this.present) this.sound(this.present, present);
    this.ask();
    this.timer = window.setInterval(() => this.step(), 50);
  }

  ask() {
    const next = this.present?.told.next;
    if (!next) return;
    this.fetched(next)
      .then(async (answer) => {
        if (answer && !this.ended) await this.take(answer);
      })
      .catch(() => {
        if (!this.ended) this.fail();
      });
  }

  step() {
    const present = this.present;
    if (!present) return;
    const lasts = present.told.ends - present.told.begins;
    const passed = Math.max(0, this.context.currentTime - present.at);
    this.position = present.told.begins + Math.min(passed, lasts);
    if (Math.floor(this.position) !== this.second) this.say();
    if (passed < lasts) return;
    if (present.told.next === null) {
      this.finish([this.words.end, this.counts ? "" : this.words.part].join(" ").trim());
    } else if (this.following) {
      this.present = this.following;
      this.following = null;
      this.ask();
    }
  }

  say() {
    this.second = Math.floor(this.position);
    this.waveform?.draw(this.position);
    const promised = this.present?.told.promised ?? 0;
    const of = promised > 0 ? ` / ${clock(promised)}` : "";
    this.tell(`${this.words.played} ${clock(this.position)}${of}`);
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
    this.context.close().catch(() => {});
  }
}
