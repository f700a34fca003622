// The course of a check-in: number → face or PIN → name → done; with the network away, kept. One at a time.
import * as api from './api.js';
import { film } from './away.js';
import { Camera, NoCamera, insecure } from './camera.js';
import { Carrier } from './carrier.js';
import { newId } from './ids.js';
import { buildPad } from './pad.js';
import { Queue } from './queue.js';
import * as screen from './screen.js';
import { wakeSound } from './sound.js';
import { word } from './words.js';

const CONFIG_KEY = 'jiancha.kiosk.config';
const NAME_MS = 1500; // long enough to read a name and to say that it is not mine
const CHOOSE_MS = 10000;
const BACK_MS = { done: 3000, kept: 4000, review: 5000, refused: 5000 };
const IDLE_MS = 30000;
const CLOCK_STEP_MS = 5000;

const at = (id) => document.getElementById(id);
let boot = newId().slice(0, 13);
let clockAhead = Date.now() - performance.now();
const camera = new Camera(at('video'));
let settings = JSON.parse(localStorage.getItem(CONFIG_KEY) || '{"pin": true, "zone": "Asia/Shanghai", "kept_most": 500}');
let carrier = null;
let run = null; // the check-in that is on; another one, or none, and it is over

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => new Date().toISOString();

// ------------------------------------------------------------------ the start

/** Back to the number pad; `text` in place of the usual sentence. */
function toStart(text) {
  end();
  at('number').value = '';
  at('secret').value = '';
  screen.show('start');
  screen.say(text || word(settings.one_to_many ? 'start.many' : 'start'));
  // Also while the network is away: a hall without faces takes no pictures of anybody.
  at('by-face').hidden = !settings.faces;
}

function begin(staff) {
  end();
  run = { staff, id: newId(), at: now() };
  carrier.busy = true;
  wakeSound();
  return run;
}

function end() {
  run = null;
  if (carrier) carrier.busy = false;
  camera.close();
}

const carrierAway = () => Boolean(carrier && carrier.away);
const staffNumber = () => at('number').value.trim();
const tried = (mine, more) => ({ id: mine.id, at: mine.at, boot, ...(mine.staff ? { staff: mine.staff } : {}), ...more });

/** A result, and the start again after a while, unless somebody begins before. */
async function finish(kind, told) {
  end();
  const shown = { zone: settings.zone, ...told };
  screen.result(kind, shown);
  const mark = (finish.last = {});
  await wait(BACK_MS[kind]);
  if (finish.last === mark && document.body.dataset.state === kind) toStart();
}

function settled(answer) {
  const told = { name: answer.name || '', at: answer.at, method: answer.method };
  if (answer.state === 'done') return finish('done', { ...told, what: word('done') });
  if (answer.state === 'review') return finish('review', { ...told, what: word('review') });
  return finish('refused', { what: word('not_done') });
}

function failed(error) {
  if (error instanceof api.Refused && error.letOut) return finish('refused', { what: word('let_out') });
  if (error instanceof api.Refused) return finish('refused', { what: error.message });
  if (error instanceof NoCamera) {
    // The number was given, perhaps by a card reader that sends Enter: without this it would never come to the PIN.
    if (!run || !run.staff) return toStart(error.message);
    toPin();
    return screen.say(error.message);
  }
  console.warn(error);
  return finish('refused', { what: word('fault') });
}

// ------------------------------------------------------------------ kept for later

async function keep(way, body) {
  if (!carrier.queue) return finish('refused', { what: word('cannot_keep') });
  if (carrier.queue.count >= settings.kept_most) return finish('refused', { what: word('full') });
  await carrier.queue.put({ way, tried: body });
  carrier.turn();
  return finish('kept', { what: word('kept'), at: body.at, method: way === 'pin' ? 'pin' : 'face' });
}

/** The same try as pictures that are judged later, under the same id: an answer that was lost on the way is found then. */
async function awayFace(mine) {
  if (!mine.staff) return finish('refused', { what: word('no_number') });
  screen.show('face', 'away');
  const ask = (action) => {
    const turn = action && action !== 'straight';
    screen.arrow(turn ? action : null);
    screen.say(turn ? word(`hold.${action}`) : word(action ? 'hold.straight' : 'look'));
  };
  const filmed = await film(camera, ask, () => run === mine);
  if (run !== mine) return null;
  if (!filmed) return toStart(word('camera.lost'));
  return keep('kept', tried(mine, filmed));
}

// ------------------------------------------------------------------ by face

async function byFace() {
  const staff = staffNumber();
  if (!staff && (!settings.one_to_many || carrierAway())) {
    screen.say(word(carrierAway() ? 'no_number' : 'start.need'));
    at('number').focus();
    return;
  }
  const mine = begin(staff || null);
  screen.show('face', 'looking');
  at('for-review').hidden = true;
  screen.say(word('camera.opening'));
  try {
    await camera.open();
    if (run !== mine) return;
    mine.at = now();
    screen.say(word('look'));
    if (carrierAway()) await awayFace(mine);
    else await look(mine);
  } catch (error) {
    if (run !== mine) return;
    if (error instanceof api.Away) {
      screen.say(word('away.again'));
      carrier.away = true;
      await wait(1500);
      if (run === mine) await awayFace(mine).catch(failed);
    } else {
      await failed(error);
    }
  }
}

/** One frame in flight at a time, so that a slow server is asked no faster than it answers. */
async function look(mine) {
  let told = await api.begin(tried(mine));
  while (run === mine) {
    if (told.state === 'done' || told.state === 'review') return settled(told); // it had arrived before
    if (told.state === 'looking' || told.state === 'challenge') {
      screen.state(told.state);
      screen.arrow(told.action || null);
      screen.say(told.text);
    } else if (told.state !== 'busy') {
      screen.arrow(null);
      return ended(mine, told);
    }
    if (camera.lost) return toStart(word('camera.lost'));
    const shot = now();
    told = await api.frame(mine.id, shot, await camera.shoot());
  }
  return null;
}

function ended(mine, told) {
  if (told.state === 'accepted') return named(mine, told);
  const forReview = told.state === 'doubted' || told.state === 'second_factor';
  screen.state(told.state);
  screen.say(told.text);
  at('for-review').hidden = !forReview;
  at('for-review').onclick = () => record(mine);
  // A challenge that was not done is recorded for review by itself; a face of doubt only where the person says so.
  return later(mine, CHOOSE_MS, () => (told.state === 'doubted' ? record(mine) : toStart()));
}

async function named(mine, told) {
  screen.show('confirm', 'confirm');
  at('confirm').querySelector('.name').textContent = told.name || told.staff;
  screen.say(word('mine'));
  at('it-is-me').onclick = () => record(mine);
  at('not-me').onclick = () => toStart();
  if (mine.staff) return later(mine, NAME_MS, () => record(mine)); // the number was given: the name is for reading
  at('it-is-me').focus();
  return later(mine, CHOOSE_MS, () => toStart()); // one among many: nothing without a yes
}

async function later(mine, ms, act) {
  const state = document.body.dataset.state;
  await wait(ms);
  if (run === mine && document.body.dataset.state === state) await act();
}

async function record(mine) {
  if (run !== mine || mine.recording) return;
  mine.recording = true;
  try {
    await settled(await api.confirm(mine.id));
  } catch (error) {
    if (run !== mine) return;
    if (error instanceof api.Away) {
      mine.recording = false;
      carrier.away = true;
      screen.show('face', 'away');
      screen.say(word('away.again'));
      await wait(1500);
      if (run === mine) await awayFace(mine).catch(failed);
    } else {
      await failed(error);
    }
  }
}

// ------------------------------------------------------------------ by PIN

function toPin() {
  const staff = (run && run.staff) || staffNumber();
  if (!staff) {
    if (document.body.dataset.state !== 'start') toStart();
    screen.say(word('start.need'));
    return;
  }
  begin(staff);
  at('secret').value = '';
  at('pin').querySelector('.who').textContent = staff;
  screen.show('pin');
  screen.say(word('pin.need'));
}

async function byPin() {
  const mine = run;
  const secret = at('secret').value;
  at('secret').value = '';
  if (!mine || !secret) return;
  mine.at = now();
  try {
    if (carrierAway()) throw new api.Away('away');
    await settled(await api.pin(tried(mine, { pin: secret })));
  } catch (error) {
    if (run !== mine) return;
    if (error instanceof api.Away) await keep('pin', tried(mine, { pin: secret, kept: true })).catch(failed);
    else if (error.code === 'pin.wrong') {
      mine.id = newId(); // another try is another check-in
      screen.say(word('pin.wrong', { left: error.body.left }));
      at('secret').focus();
    } else if (error.code === 'pin.locked') {
      const until = screen.timeText(new Date(error.body.until), settings.zone);
      await finish('refused', { what: word('pin.locked', { until }) });
    } else await failed(error);
  }
}

// ------------------------------------------------------------------ around it

function banner() {
  const waits = carrier.queue && carrier.queue.count;
  at('banner').dataset.about = carrier.refused && !carrier.letOut && !carrier.away && !waits ? 'refused' : '';
  if (carrier.letOut) screen.banner(word('let_out'));
  else if (carrier.away) screen.banner(word('banner.away', { n: carrier.queue ? carrier.queue.count : 0 }));
  else if (waits) screen.banner(word('banner.sending', { n: carrier.queue.count }));
  else if (carrier.refused) screen.banner(word('banner.refused', { n: carrier.refused }));
  else screen.banner('');
}

async function configure() {
  try {
    settings = await api.config();
    localStorage.setItem(CONFIG_KEY, JSON.stringify(settings));
  } catch (error) {
    if (!(error instanceof api.Away) && !(error instanceof api.Refused)) throw error;
  }
  at('hall').textContent = settings.hall_name || at('hall').textContent;
}

/** A clock that was set begins another boot: times are corrected by boot, and one correction cannot hold for both. */
function watchClock() {
  const ahead = Date.now() - performance.now();
  if (Math.abs(ahead - clockAhead) > CLOCK_STEP_MS) {
    boot = newId().slice(0, 13);
    carrier.boot = boot;
    carrier.beatAt = 0; // the server hears of the new boot first
  }
  clockAhead = ahead;
}

function tick() {
  watchClock();
  at('clock').textContent = screen.timeText(new Date(Date.now() + api.serverOffset()), settings.zone, true);
}

function idle() {
  let timer = null;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const here = document.body.dataset.state;
      // Half a number that somebody left would stand before the next one's.
      if (here === 'pin' || (here === 'start' && at('number').value)) toStart();
    }, IDLE_MS);
  };
  ['keydown', 'pointerdown'].forEach((name) => document.addEventListener(name, again));
}

/** Whatever has the focus, and while a result is still shown: what is typed is the number or the PIN. A card reader
 *  knows no fields and does not wait. */
function catchTyping() {
  document.addEventListener('keydown', (event) => {
    if (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!at('result').hidden && carrier) toStart();
    const field = { start: 'number', pin: 'secret' }[document.body.dataset.state];
    if (field && document.activeElement !== at(field)) at(field).focus();
  });
}

async function stayAwake() {
  if (!('wakeLock' in navigator)) return;
  const ask = () => navigator.wakeLock.request('screen').catch(() => {});
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') ask(); });
  ask();
}

/** The page opens again while the network is away: the worker is told what this one was made of. */
async function install() {
  if (!('serviceWorker' in navigator)) return;
  await navigator.serviceWorker.register('/kiosk/sw.js', { scope: '/kiosk' });
  const worker = (await navigator.serviceWorker.ready).active;
  const parts = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname);
  worker.postMessage({ keep: parts.filter((path) => path.startsWith('/static/')) });
}

function listen() {
  const pads = { erase: word('pad.erase'), clear: word('pad.clear') };
  document.querySelectorAll('.pad').forEach((box) => buildPad(box, pads));
  at('start').addEventListener('submit', (event) => {
    event.preventDefault();
    if (settings.faces) byFace(); else toPin();
  });
  at('by-pin').addEventListener('click', toPin);
  at('pin').addEventListener('submit', (event) => { event.preventDefault(); byPin(); });
  document.querySelectorAll('.to-pin').forEach((button) => button.addEventListener('click', toPin));
  document.querySelectorAll('.back').forEach((button) => button.addEventListener('click', () => toStart()));
  at('result').addEventListener('click', () => toStart());
  at('banner').addEventListener('click', () => {
    if (carrier && at('banner').dataset.about === 'refused') carrier.forgive(); // seen, and not another one before it
    if (carrier) banner();
  });
  at('full-screen').addEventListener('click', () => document.documentElement.requestFullscreen().catch(() => {}));
}

/** Nothing is asked of anybody: a PIN that goes over the hall's network in the clear would be everybody's. */
function stopWith(text) {
  screen.show('result', 'refused');
  at('result').className = 'refused';
  at('result').querySelector('.what').textContent = text;
  screen.say('');
}

async function main() {
  listen();
  catchTyping();
  // The address with a token, opened where this page stands already, loads nothing: only its fragment is new.
  window.addEventListener('hashchange', () => { if (location.hash.includes('token=')) location.reload(); });
  if (!window.isSecureContext) return stopWith(insecure());
  if (!api.takeToken()) return stopWith(word('no_token'));
  const queue = await Queue.open().catch((error) => { console.warn(error); return null; });
  carrier = new Carrier(queue || { count: 0, after: async () => null }, boot, banner);
  if (!queue) carrier.queue = null;
  await configure();
  carrier.start();
  toStart();
  tick();
  setInterval(tick, 1000);
  setInterval(configure, 60000);
  idle();
  stayAwake();
  install().catch((error) => console.warn(error));
}

main();
