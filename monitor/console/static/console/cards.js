// The inbox by keyboard, and how many are chosen. Without it everything works by mouse and Tab.
// Keys of one letter can be turned off (WCAG 2.1.4): whoever dictates would press them by accident.
const OFF = 'inbox-keys-off';
const rows = [...document.querySelectorAll('#inbox tbody tr')];
const boxes = [...document.querySelectorAll('#inbox tbody input[type=checkbox]')];
const all = document.getElementById('all');
const chosen = document.getElementById('chosen');
let at = -1;

function count() {
  const n = boxes.filter((box) => box.checked).length;
  if (chosen) chosen.textContent = n ? `(${n})` : '';
  if (all) { all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length; }
}

function go(to) {
  if (!rows.length) return;
  at = Math.max(0, Math.min(rows.length - 1, to));
  rows.forEach((row, i) => { if (i === at) row.setAttribute('aria-selected', 'true'); else row.removeAttribute('aria-selected'); });
  rows[at].querySelector('a').focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: 'nearest' });
}

const keys = {
  j: () => go(at + 1),
  k: () => go(at - 1),
  o: () => { if (at >= 0) window.location.href = rows[at].dataset.href; },
  x: () => { const box = at >= 0 && rows[at].querySelector('input'); if (box) { box.checked = !box.checked; count(); } },
  a: () => { const why = document.getElementById('reason'); if (why) why.focus(); },
  '/': () => document.querySelector('#filters [name=text]')?.focus(),
};

const told = document.getElementById('keys');
if (told) {
  const on = told.querySelector('input');
  told.hidden = false;
  on.checked = !localStorage.getItem(OFF);
  on.addEventListener('change', () => { if (on.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, '1'); });
}
document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input:not([type=checkbox]), textarea, select');
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key] || localStorage.getItem(OFF)) return;
  event.preventDefault();
  keys[event.key]();
});
if (all) all.addEventListener('change', () => { boxes.forEach((box) => { box.checked = all.checked; }); count(); });
document.getElementById('inbox')?.addEventListener('change', count);
count();
