// The server, by the kiosk's token. Three ways to end: an answer, Refused (the server said no), Away (nobody knows).
import { language } from './words.js';

const KEY = 'jiancha.kiosk.token';
const TIMEOUT = 8000;
const KEPT_TIMEOUT = 60000; // up to sixteen pictures are looked at before it answers

/** `busy`: the server answers, but its encoder is not there; what needs no face goes on. */
export class Away extends Error {
  constructor(why, busy = false) {
    super(why);
    this.busy = busy;
  }
}

export class Refused extends Error {
  constructor(status, body) {
    super(body.detail || String(status));
    this.status = status;
    this.code = body.code || '';
    this.body = body;
  }
  /** Whether the token is the reason. */
  get letOut() { return this.status === 401 || (this.status === 403 && !this.code.startsWith('pin.')); }
}

/** The token stands behind the # of the first address, which no log is told; from then on it is kept here. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    localStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return localStorage.getItem(KEY);
}

let offset = 0;
/** Milliseconds by which the server is ahead of this clock; for the clock on the screen alone. */
export function serverOffset() { return offset; }

async function call(method, path, { body, headers = {}, timeout = TIMEOUT } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  let response, answer;
  try {
    response = await fetch(`/kiosk/api${path}`, {
      method, body, signal: stop.signal, cache: 'no-store', credentials: 'omit',
      headers: { Authorization: `Bearer ${localStorage.getItem(KEY) || ''}`, ...headers },
    });
    answer = await response.json();
  } catch (error) {
    throw new Away(String(error));
  } finally {
    clearTimeout(timer);
  }
  if (answer.now) offset = Date.parse(answer.now) - Date.now();
  if (response.status >= 500) throw new Away(String(response.status), answer.code === 'kiosk.busy'); // it may pass
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

const json = (value) => ({ body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } });

export const config = () => call('GET', '/config');
export const begin = (attempt) => call('POST', `/attempts?lang=${language}`, json(attempt));
export const frame = (id, at, jpeg) => call('POST', `/attempts/${id}/frame?lang=${language}`, {
  body: jpeg, headers: { 'Content-Type': 'image/jpeg', 'X-At': at },
});
export const confirm = (id) => call('POST', `/attempts/${id}/confirm`, json({}));
export const pin = (tried) => call('POST', '/pin', json(tried));
export const kept = (tried) => call('POST', '/kept', { ...json(tried), timeout: KEPT_TIMEOUT });
export const heartbeat = (beat) => call('POST', '/heartbeat', json(beat));
