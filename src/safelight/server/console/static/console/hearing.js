// @ts-check
// Lets a sound be heard, quietly, a few seconds at a time, and draws how loud it is. There is no player that
// could be made louder, saved from, or go on behind another window.

import { clock, Recording } from "./recording.js";

const VOLUME = 0.5; // of what the server sends, which is never loud
const FADE = 1; // seconds in which it becomes as loud as that

/**
 * @typedef {import("./recording.js").Told} Told
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

/** @extends {Recording<Segment>} */
export class Listener extends Recording {
  /**
   * @param {(address: string) => Promise<Response | null>} fetched
   * @param {(words: string) => void} tell
   * @param {DOMStringMap} words
   * @param {Waveform | null} waveform
   */
  constructor(fetched, tell, words, waveform) {
    super(fetched, tell, words);
    this.waveform = waveform;
    this.context = new AudioContext();
    this.volume = this.context.createGain();
    this.volume.connect(this.context.destination);
  }

  /**
   * @override
   * @param {Told} told
   * @param {Response} answer
   */
  async read(told, answer) {
    return { told, buffer: await this.context.decodeAudioData(await answer.arrayBuffer()), at: 0 };
  }

  /**
   * What follows sounds without a gap.
   * @override
   * @param {Segment} segment
   */
  follow(segment) {
    if (this.present) this.sound(segment, this.present.at + this.present.buffer.duration);
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
   * @override
   * @param {(why?: string) => void} finish
   * @param {() => void} fail
   */
  start(finish, fail) {
    const present = this.context.currentTime;
    this.volume.gain.setValueAtTime(0, present);
    this.volume.gain.linearRampToValueAtTime(VOLUME, present + FADE);
    if (this.present) this.sound(this.present, present);
    super.start(finish, fail);
  }

  /** @override */
  step() {
    const present = this.present;
    if (!present) return;
    const lasts = present.told.ends - present.told.begins;
    const passed = Math.max(0, this.context.currentTime - present.at);
    this.reach(present.told.begins + Math.min(passed, lasts));
    if (Math.floor(this.position) !== this.second) this.say();
    if (passed >= lasts) this.advance(present);
  }

  /**
   * @override
   * @param {string} [more]
   */
  say(more) {
    super.say(more);
    this.waveform?.draw(this.position);
  }

  /** @override */
  stop() {
    super.stop();
    this.context.close().catch(() => {});
  }
}
