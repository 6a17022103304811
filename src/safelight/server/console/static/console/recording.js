// @ts-check
// What playing a video and hearing a sound have in common: a few seconds at a time, the next asked for while the
// present ones run, and how far it was reached.

/**
 * @typedef {{ begins: number, ends: number, promised: number, missing: number, counts: boolean,
 *   next: string | null }} Told
 */

/** @template {{ told: Told }} Segment */
export class Recording {
  /**
   * @param {(address: string) => Promise<Response | null>} fetched
   * @param {(words: string) => void} tell
   * @param {DOMStringMap} words
   */
  constructor(fetched, tell, words) {
    this.fetched = fetched;
    this.tell = tell;
    this.words = words;
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
   * What a segment is made of, from an answer of the server.
   * @param {any} _told
   * @param {Response} _answer
   * @returns {Promise<Segment>}
   */
  read(_told, _answer) {
    throw new Error("a recording is of pictures or of sound");
  }

  /**
   * A segment that follows the present one is here.
   * @param {Segment} _segment
   */
  follow(_segment) {}

  /**
   * What a segment holds is given up.
   * @param {Segment} _segment
   */
  drop(_segment) {}

  step() {}

  /**
   * Takes a segment in: the first, or the one that follows. False where there is none.
   * @param {Response} answer
   */
  async take(answer) {
    const header = answer.headers.get("Safelight-Segment");
    if (!header) return false;
    const segment = await this.read(JSON.parse(header), answer);
    if (this.ended) {
      this.drop(segment);
      return false;
    }
    this.counts = this.counts && segment.told.counts && segment.told.missing === 0;
    if (this.present) {
      this.following = segment;
      this.follow(segment);
    } else {
      this.present = segment;
      this.position = segment.told.begins;
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
    this.timer = window.setInterval(() => this.step(), 50);
    this.ask();
  }

  /** Asks for what follows the present segment. */
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

  /**
   * The present segment was reached to its end. False where what follows is not here yet.
   * @param {Segment} present
   */
  advance(present) {
    if (present.told.next === null) {
      this.finish([this.words.end, this.counts ? "" : this.words.part].join(" ").trim());
      return true;
    }
    if (!this.following) return false;
    this.drop(present);
    this.present = this.following;
    this.following = null;
    this.ask();
    return true;
  }

  /** @param {number} position */
  reach(position) {
    this.position = position;
  }

  /** @param {string} [more] */
  say(more) {
    this.second = more ? -1 : Math.floor(this.position);
    const promised = this.present?.told.promised ?? 0;
    const of = promised > 0 ? ` / ${clock(promised)}` : "";
    this.tell(`${this.words.played} ${clock(this.position)}${of}${more ?? ""}`);
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
    if (this.present) this.drop(this.present);
    if (this.following) this.drop(this.following);
  }
}

/**
 * Minutes and seconds.
 * @param {number} seconds
 */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
