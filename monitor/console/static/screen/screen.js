// The public screen: asks, rolls, and goes on by itself for days. One feed is kept (in the browser too, for a start without
// the server), one page is drawn, three timers run: the clock, the roll, the next question.
import { draw, say, sheets, word } from './draw.js';
import { ask, Refused } from './server.js';

const TOKEN = 'jiancha.screen.token';
const KEPT = 'jiancha.screen.kept';
const RELOADED = 'jiancha.screen.reloaded';
const RETRY_MS = 15000;
const SLEPT_MS = 10000;
const AGAIN_MS = 600000;
const stage = document.getElementById('stage');
const at = (id) => document.getElementById(id);

const given = window.location.hash.slice(1);
if (given) {
  if (given !== localStorage.getItem(TOKEN)) localStorage.removeItem(KEPT);
  localStorage.setItem(TOKEN, given);
  history.replaceState(null, '', window.location.pathname + window.location.search);
}
const token = localStorage.getItem(TOKEN);

let feed = null;
let asked = 0; // when the feed was made, by the server's clock, in milliseconds
let ahead = 0; // the server's clock against this one's
let list = [];
let place = -1;
let paused = false;
let rolling = 0;
let asking = 0;
let under = false; // a question is under way
let lastTick = Date.now();
let shut = '';
let hall = null; // makers of date and time in the hall's zone

const now = () => Date.now() + ahead;

function zoned(zone) {
  const make = (options) => new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, hourCycle: 'h23', ...options });
  hall = {
    zone,
    day: new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }),
    date: make({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }),
    time: make({ hour: '2-digit', minute: '2-digit' }),
    moment: make({ month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' }),
  };
}

const age = () => now() - asked;
const late = () => age() > Math.max(3 * feed.refresh_seconds * 1000, 5000);
const stale = () => age() > feed.stale_hours * 3600000;

/** What may be shown of the feed today: figures of another day, or of another month, are none of now. */
function current() {
  const day = hall.day.format(now());
  if (day === feed.day) return feed;
  const month = day.slice(0, 7);
  const pages = feed.pages.filter((page) => page.kind !== 'leave'
    && (page.kind !== 'promises' || page.items[0].month === month));
  return { ...feed, pages };
}

function take(found, when, keep) {
  feed = found;
  asked = Date.parse(found.now);
  ahead = asked - when;
  if (!hall || hall.zone !== found.zone) zoned(found.zone);
  document.documentElement.style.setProperty('--scale', String(found.scale));
  at('hall').textContent = found.hall;
  if (!keep) return;
  try {
    localStorage.setItem(KEPT, JSON.stringify({ found, ahead }));
  } catch (error) {
    // a browser that keeps nothing: a start without the server has nothing to show
  }
}

function banner() {
  const text = shut || !feed ? '' : late() ? word('cut_off', { time: hall.moment.format(asked) })
    : word('as_of', { time: hall.moment.format(asked) });
  const bad = Boolean(feed) && !shut && late();
  if (at('banner').textContent !== text) at('banner').textContent = text;
  at('banner').classList.toggle('bad', bad);
  document.body.classList.toggle('stale-feed', bad);
}

function state(name) {
  if (document.body.dataset.state !== name) document.body.dataset.state = name;
}

/** Draw the page at `place`, whatever it is now; where there is nothing to roll, say so. */
function show() {
  banner();
  if (shut) { state('closed'); return say(stage, word(shut)); }
  if (!feed) return say(stage, word('loading'));
  if (stale()) { state('stale'); return say(stage, word('stale', { time: hall.moment.format(asked) })); }
  list = sheets(current());
  state(late() ? 'cut-off' : 'rolling');
  at('where').textContent = list.length > 1 ? word('page', { n: ((place % list.length) + list.length) % list.length + 1, all: list.length }) : '';
  if (!list.length) return say(stage, word('nothing'));
  place = ((place % list.length) + list.length) % list.length;
  return draw(stage, list[place]);
}

function turn(by) {
  place += by;
  document.body.dataset.rolls = String(Number(document.body.dataset.rolls) + 1);
  show();
}

function roll() {
  clearTimeout(rolling);
  rolling = setTimeout(() => {
    if (!paused) turn(1);
    roll();
  }, (feed ? feed.page_seconds : 5) * 1000);
}

function newer(version) {
  if (version === document.body.dataset.version) return false;
  const before = JSON.parse(sessionStorage.getItem(RELOADED) || 'null');
  if (before && before.version === version && Date.now() - before.at < AGAIN_MS) return false; // it came to nothing
  sessionStorage.setItem(RELOADED, JSON.stringify({ version, at: Date.now() }));
  return true;
}

async function refresh() {
  clearTimeout(asking);
  if (under) return;
  under = true;
  let wait = RETRY_MS;
  try {
    const begun = Date.now();
    const found = await ask(token, document.body.dataset.version);
    if (newer(found.version)) return window.location.reload();
    const first = !feed || Boolean(shut);
    shut = '';
    take(found, (begun + Date.now()) / 2, true);
    wait = found.refresh_seconds * 1000;
    if (first) { place = 0; show(); roll(); }
  } catch (error) {
    if (feed) wait = Math.min(RETRY_MS, feed.refresh_seconds * 1000);
    if (error instanceof Refused) {
      shut = 'let_out';
      feed = null;
      localStorage.removeItem(KEPT);
      show();
    }
  } finally {
    under = false;
  }
  banner();
  asking = setTimeout(refresh, wait);
  return undefined;
}

/** Each second: the clock; after a sleep, or at another day, ask at once. */
function tick() {
  const slept = Date.now() - lastTick > SLEPT_MS;
  lastTick = Date.now();
  if (!hall) return;
  const [date, time] = [hall.date.format(now()), hall.time.format(now())];
  const turned = at('date').textContent && at('date').textContent !== date;
  if (at('date').textContent !== date) at('date').textContent = date;
  if (at('time').textContent !== time) at('time').textContent = time;
  if (slept || turned) {
    show();
    refresh();
  }
  banner();
  if (feed && !shut && (stale() || late()) !== ['stale', 'cut-off'].includes(document.body.dataset.state)) show();
}

function pause() {
  paused = !paused;
  at('pause').textContent = word(paused ? 'go_on' : 'pause');
  at('pause').setAttribute('aria-pressed', String(paused));
}

async function awake() {
  try {
    if (navigator.wakeLock && !document.hidden) await navigator.wakeLock.request('screen');
  } catch (error) {
    // the device decides by itself
  }
}

/** The page opens again while the server is away: the worker is told what this one was made of. */
async function install() {
  if (!('serviceWorker' in navigator)) return;
  await navigator.serviceWorker.register('/screen/sw.js', { scope: '/screen' });
  const worker = (await navigator.serviceWorker.ready).active;
  const parts = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname);
  worker.postMessage({ keep: parts.filter((path) => path.startsWith('/static/')) });
}

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) || 'null');
    if (!kept) return;
    take(kept.found, Date.parse(kept.found.now) - kept.ahead, false);
    place = 0;
  } catch (error) {
    localStorage.removeItem(KEPT);
  }
}

at('pause').addEventListener('click', pause);
at('back').addEventListener('click', () => turn(-1));
at('on').addEventListener('click', () => turn(1));
document.addEventListener('keydown', (event) => {
  if (event.target instanceof HTMLButtonElement && (event.key === ' ' || event.key === 'Enter')) return;
  if (event.key === ' ' || event.key === 'p') { event.preventDefault(); pause(); }
  if (event.key === 'ArrowRight') turn(1);
  if (event.key === 'ArrowLeft') turn(-1);
});
document.addEventListener('visibilitychange', () => { if (!document.hidden && token) { awake(); refresh(); } });
window.addEventListener('online', () => { if (token) refresh(); });
performance.setResourceTimingBufferSize(60); // the questions of weeks are not to be remembered
if (token) {
  remembered();
  show();
  roll();
  refresh();
  tick();
  setInterval(tick, 1000);
  awake();
  install().catch(() => {}); // over plain HTTP there is none
} else {
  shut = 'no_token';
  show();
}
