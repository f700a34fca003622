// A touch screen: one citizen after the other. A tap on a good face is sent at once; after a bad one reasons may be
// chosen. What was tapped and left standing is sent as it is: who walks away has rated all the same.
import { newId } from '../kiosk/ids.js';
import { Away, Refused, post, word } from './server.js';

const KEY = 'jiancha.rate.token';
const BEAT_MS = 60000;
const IDLE_MS = 20000;
const THANKS_MS = 3000;
const STATES = ['closed', 'start', 'reasons', 'unknown', 'failed', 'sending', 'done'];
const bad = Number(document.body.dataset.bad);
const at = (id) => document.getElementById(id);

const given = window.location.hash.slice(1);
if (given) {
  localStorage.setItem(KEY, given);
  history.replaceState(null, '', window.location.pathname + window.location.search);
}
const token = localStorage.getItem(KEY);

let rating = null; // the one that is being given: the same whenever it is sent
let timer = 0;
const boot = newId();
let server = null; // its clock at a moment of this page: [milliseconds, performance.now()]; the tablet's own is not asked

function show(state) {
  document.body.dataset.state = state;
  for (const id of STATES) at(id).hidden = id !== state;
  clearTimeout(timer);
  const idle = { start: [IDLE_MS, rest], reasons: [IDLE_MS, send], unknown: [IDLE_MS, without], done: [THANKS_MS, begin],
    failed: [IDLE_MS, lastTry] }[state];
  if (idle) timer = setTimeout(idle[1], idle[0]);
}

function close(name) {
  at('why').textContent = word(name);
  show('closed');
}

function begin() {
  rating = null;
  for (const box of document.querySelectorAll('input[name=tag]')) box.checked = false;
  at('case').value = '';
  at('case-again').value = '';
  show('start');
}

/** Nobody is there: an unfinished number goes, and so does another language than Chinese. */
function rest() {
  if (document.body.dataset.language !== 'zh') window.location.replace(`${window.location.pathname}?lang=zh`);
  else begin();
}

/** Now, by the server's clock. */
const now = () => new Date(server[0] + performance.now() - server[1]).toISOString();

/** The first one has no time: the answer brings the server's. */
async function beat() {
  try {
    const began = performance.now();
    const answer = await post('heartbeat', { queue: 0, boot, ...(server ? { at: now() } : {}) }, token);
    server = [Date.parse(answer.now), (began + performance.now()) / 2];
    at('banner').hidden = true;
    if (document.body.dataset.state === 'loading' || document.body.dataset.state === 'closed') begin();
  } catch (error) {
    if (error instanceof Refused) return close('let_out');
    at('banner').textContent = word('cut_off');
    at('banner').hidden = false;
  }
}

function tapped(button) {
  const score = Number(button.dataset.score);
  const number = at('case').value.trim();
  rating = { id: newId(), at: now(), boot, score, tags: [] };
  if (number) rating.case = number;
  if (score > bad) return send();
  at('chosen').textContent = button.textContent.trim();
  show('reasons');
}

async function send() {
  if (document.body.dataset.state === 'reasons') {
    rating.tags = Array.from(document.querySelectorAll('input[name=tag]:checked'), (box) => box.value);
  }
  show('sending');
  try {
    await post('ratings', rating, token);
    show('done');
    return true;
  } catch (error) {
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) close('let_out');
    else if (error instanceof Refused && error.code === 'rating.case_unknown') {
      at('case-again').value = rating.case;
      show('unknown');
    } else {
      at('fault').textContent = word(error instanceof Away ? 'away' : 'fault');
      show('failed');
    }
    return false;
  }
}

function without() {
  delete rating.case;
  return send();
}

async function lastTry() {
  if (!(await send()) && document.body.dataset.state === 'failed') begin();
}

for (const button of document.querySelectorAll('#start .face')) button.addEventListener('click', () => tapped(button));
at('send').addEventListener('click', send);
at('again').addEventListener('click', send);
at('back').addEventListener('click', begin);
at('drop').addEventListener('click', begin);
at('without').addEventListener('click', without);
at('corrected').addEventListener('click', () => {
  const number = at('case-again').value.trim();
  if (!number) return without();
  rating.sure = number === rating.case; // looked at again, and left as it is
  rating.case = number;
  return send();
});
for (const kind of ['input', 'change']) {
  document.addEventListener(kind, () => { if (STATES.includes(document.body.dataset.state)) show(document.body.dataset.state); });
}
if (token) {
  beat();
  setInterval(beat, BEAT_MS);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) beat(); }); // it may have slept
} else {
  close('no_token');
}
