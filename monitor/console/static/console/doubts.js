// Check-ins in doubt by keyboard. Without it everything works by mouse and Tab.
// Keys of one letter can be turned off (WCAG 2.1.4), here as in the inbox.
const OFF = 'inbox-keys-off';
const rows = [...document.querySelectorAll('#queue tbody tr')];
const form = document.getElementById('decision');
let at = -1;

function go(to) {
  if (!rows.length) return;
  at = Math.max(0, Math.min(rows.length - 1, to));
  rows.forEach((row, i) => { if (i === at) row.setAttribute('aria-selected', 'true'); else row.removeAttribute('aria-selected'); });
  rows[at].querySelector('a').focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: 'nearest' });
}

function choose(place) {
  if (!form) return;
  form.querySelectorAll('[name=decision]')[place].checked = true;
  form.querySelector('[name=reason]').focus();
}

const keys = {
  j: () => go(at + 1),
  k: () => go(at - 1),
  o: () => { if (at >= 0) window.location.href = rows[at].dataset.href; },
  1: () => choose(0),
  2: () => choose(1),
  3: () => choose(2),
  n: () => { const next = document.getElementById('next'); if (next) next.click(); },
};

const told = document.getElementById('keys');
if (told) {
  const on = told.querySelector('input');
  told.hidden = false;
  on.checked = !localStorage.getItem(OFF);
  on.addEventListener('change', () => { if (on.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, '1'); });
}
document.addEventListener('keydown', (event) => {
  if (form && event.ctrlKey && event.key === 'Enter') {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  const typing = event.target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select');
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !keys[event.key] || localStorage.getItem(OFF)) return;
  event.preventDefault();
  keys[event.key]();
});
