// One citizen, one link, one rating. The secret stands behind the # of the address, which no server and no log is told:
// it goes out of the address at once, and to the server in the body of a request.
import { Away, Refused, post, word } from './server.js';

const KEY = 'jiancha.rate';
const given = window.location.hash.slice(1);
if (given) {
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, '', window.location.pathname + window.location.search);
}
const secret = sessionStorage.getItem(KEY) || '';
const bad = Number(document.body.dataset.bad);
const at = (id) => document.getElementById(id);
const form = at('form');
const send = form.querySelector('button[type=submit]');

function show(state) {
  document.body.dataset.state = state;
  for (const id of ['loading', 'closed', 'form', 'done']) at(id).hidden = id !== state;
}

function close(error) {
  const away = !(error instanceof Refused);
  at('why').textContent = word(away ? 'away' : error.code === 'rating.used' ? error.code : 'rating.no_link');
  at('anew').hidden = !away;
  show('closed');
}

function fill(id, text) {
  at(id).textContent = text || '';
  at(id).parentElement.hidden = !text;
}

async function open() {
  show('loading');
  try {
    const link = await post('link', { secret });
    at('hall').textContent = link.hall;
    fill('window', link.window);
    fill('item', link.item);
    fill('date', link.date);
    show('form');
  } catch (error) {
    close(error);
  }
}

const score = () => Number(new FormData(form).get('score') || 0);

form.addEventListener('change', () => {
  send.disabled = !score();
  at('tags').hidden = !score() || score() > bad;
});
at('comment').addEventListener('input', () => { at('left').textContent = String(at('comment').value.length); });

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (!score() || send.disabled) return;
  send.disabled = true;
  at('fault').hidden = true;
  const tags = score() > bad ? [] : new FormData(form).getAll('tag');
  try {
    await post('link/rating', { secret, score: score(), tags, comment: at('comment').value });
    show('done');
    at('done').querySelector('h1').focus();
  } catch (error) {
    if (error instanceof Refused && (error.status === 404 || error.status === 409)) return close(error);
    at('fault').textContent = word(error instanceof Away ? 'away' : 'fault');
    at('fault').hidden = false;
    send.disabled = false;
  }
});
at('anew').addEventListener('click', open);
if (secret) open();
else close(new Refused(404, {}));
