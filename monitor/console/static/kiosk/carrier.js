// What waits goes out in order, each with its own time; behind it the heartbeat, which tells how many still wait.
import * as api from './api.js';

const BEAT_MS = 30000;
const RETRY_MS = 3000;
const REFUSED_KEY = 'jiancha.kiosk.refused';

export class Carrier {
  constructor(queue, boot, told) {
    this.queue = queue;
    this.boot = boot;
    this.told = told; // called after every turn
    this.away = false;
    this.busy = false; // an attempt runs: its event will carry a time that a heartbeat must not pass
    this.letOut = false;
    this.beatAt = 0;
    this.refused = Number(localStorage.getItem(REFUSED_KEY) || 0);
    this.turning = null;
  }

  start() {
    const loop = async () => {
      // Whatever goes wrong in one turn, there is a next one: a kiosk that stops beating keeps a hall from being judged.
      await this.turn().catch((error) => console.warn(error));
      setTimeout(loop, RETRY_MS);
    };
    loop();
    window.addEventListener('online', () => this.turn().catch((error) => console.warn(error)));
  }

  /** Send what waits, then the heartbeat if it is due. One turn at a time. */
  turn() {
    if (!this.turning) this.turning = this.once().finally(() => { this.turning = null; this.told(); });
    return this.turning;
  }

  async once() {
    try {
      if (!this.beatAt) await this.beat(); // first, so that the server knows this clock
      for (let next = await this.queue.after(0); next; next = await this.queue.after(next[0])) await this.send(...next);
      if (!this.busy && Date.now() - this.beatAt >= BEAT_MS) await this.beat();
      this.away = false;
      this.letOut = false;
    } catch (error) {
      if (error instanceof api.Refused) this.letOut = error.letOut;
      else if (error instanceof api.Away) this.away = true;
      else throw error;
    }
  }

  async send(number, item) {
    try {
      const answer = item ? await api[item.way](item.tried) : { state: 'refused' };
      if (answer.state === 'refused') this.refuse();
    } catch (error) {
      if (error instanceof api.Away && error.busy) return; // it waits for the encoder; what is behind it need not
      const final = error instanceof api.Refused && !error.letOut && error.status !== 429;
      if (!final) throw error;
      this.refuse();
    }
    await this.queue.remove(number);
    this.told();
  }

  refuse() {
    this.refused += 1;
    localStorage.setItem(REFUSED_KEY, String(this.refused));
  }

  forgive() {
    this.refused = 0;
    localStorage.removeItem(REFUSED_KEY);
  }

  async beat() {
    await api.heartbeat({ at: new Date().toISOString(), queue: this.queue.count, boot: this.boot });
    this.beatAt = Date.now();
  }
}
