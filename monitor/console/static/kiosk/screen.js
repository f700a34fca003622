// What is seen: one part of the page at a time, one sentence above it.
import { play } from './sound.js';
import { language, word } from './words.js';

const PARTS = ['start', 'pin', 'face', 'confirm', 'result'];
const at = (id) => document.getElementById(id);

/** Show one part; `state` is for colours and tests. */
export function show(part, state = part) {
  for (const id of PARTS) at(id).hidden = id !== part;
  document.body.dataset.state = state;
  if (part !== 'face') arrow(null);
  const field = { start: 'number', pin: 'secret' }[part];
  if (field) at(field).focus();
}

export function state(name) { document.body.dataset.state = name; }

export function say(text) {
  if (at('say').textContent !== text) at('say').textContent = text;
}

export function arrow(action) {
  const sign = at('arrow');
  if (action && !sign.classList.contains(action)) play('ask');
  sign.setAttribute('class', action || '');
  sign.toggleAttribute('hidden', !action);
}

export function banner(text) {
  at('banner').hidden = !text;
  if (at('banner').textContent !== (text || '')) at('banner').textContent = text || '';
}

export function result(kind, { name = '', what, at: when = null, method = '', zone }) {
  show('result', kind);
  const part = at('result');
  part.className = kind;
  part.querySelector('.name').textContent = name;
  part.querySelector('.what').textContent = what;
  const clock = when ? timeText(new Date(when), zone, true) : '';
  part.querySelector('.when').textContent = [clock, method && word(`method.${method}`)].filter(Boolean).join(' · ');
  say('');
  play({ done: 'done', review: 'review', kept: 'review', refused: 'refused' }[kind]);
}

export function timeText(date, zone, seconds = false) {
  const wanted = { hour: '2-digit', minute: '2-digit', hour12: false, ...(seconds ? { second: '2-digit' } : {}) };
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { ...wanted, timeZone: zone }).format(date);
}
