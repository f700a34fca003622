// What the server does not send: how long ago, and whether the board still lives.
const STALE_MS = 10000;
const fresh = document.getElementById('fresh');
const board = document.getElementById('board');
let heard = Date.now();

function ago() {
  const now = Date.now();
  document.querySelectorAll('time.ago').forEach((time) => {
    const minutes = Math.max(0, Math.floor((now + skew - Date.parse(time.dateTime)) / 60000));
    const text = `${time.dateTime.slice(11, 16)} · ${minutes} ${time.dataset.unit}`;
    if (time.textContent !== text) time.textContent = text;
  });
}

// The server's clock may be another (a demo's runs faster): what counts is its time of the last look.
let skew = Date.parse(board.dataset.asOf) - Date.now();

function life() {
  const stale = Date.now() - heard > STALE_MS;
  fresh.classList.toggle('stale', stale);
  board.classList.toggle('stale-board', stale);
  fresh.querySelector('.word').textContent = stale ? fresh.dataset.stale : fresh.dataset.live;
}

document.body.addEventListener('htmx:sseMessage', (event) => {
  heard = Date.now();
  if (event.detail.type === 'anew') window.location.reload();
  if (event.detail.type === 'beat') {
    skew = Date.parse(event.detail.data) - Date.now();
    const zone = board.dataset.asOf.slice(-6);
    const minutes = (zone[0] === '-' ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
    const local = new Date(Date.parse(event.detail.data) + minutes * 60000).toISOString();
    fresh.querySelector('time').textContent = local.slice(11, 19);
  }
  ago();
});
setInterval(() => { life(); ago(); }, 1000);
ago();
