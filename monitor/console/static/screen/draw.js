// One page of the screen as elements, and nothing beside it: what was shown before is thrown away as a whole, so that a
// screen that rolls for weeks has as many nodes as one that has just begun.
const WORDS = JSON.parse(document.getElementById('words').textContent);

/** A text by its name; `{n}` and the like are filled in. */
export function word(name, given = {}) {
  return (WORDS[name] || '').replace(/\{(\w+)\}/g, (_, key) => (key in given ? given[key] : ''));
}

function el(tag, text = '', kind = '') {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function within(parent, ...children) {
  parent.append(...children.filter(Boolean));
  return parent;
}

function figure(name, value) {
  return within(el('div'), el('dt', name), el('dd', value));
}

function promises({ kept, completed, days }) {
  const list = el('dl', '', 'figures');
  if (kept !== null) list.append(figure(word('promises.kept'), `${Math.floor(kept * 1000) / 10} %`));
  list.append(figure(word('promises.completed'), String(completed)));
  if (days !== null) list.append(figure(word('promises.days'), String(days)));
  return [list, kept === null && el('p', word('promises.few'), 'small')];
}

function told(item) {
  return [
    el('h3', item.title),
    item.reference && el('p', word('circulars.reference', { reference: item.reference }), 'small'),
    item.who && el('p', item.who),
    item.text && el('p', item.text),
  ];
}

function away(item) {
  const names = item.windows.flatMap((one) => one.cover).filter(Boolean);
  const covered = item.windows.some((one) => one.cover.length);
  const cover = names.join('、') || (item.windows.length ? word(covered ? 'leave.covered' : 'leave.uncovered') : '–');
  const where = item.windows.map((one) => one.window).join('、') || item.unit || '–';
  return { where, who: item.name || word('leave.away'), cover };
}

function leave(items) {
  const head = within(el('tr'), ...['leave.window', 'leave.person', 'leave.cover'].map((name) => el('th', word(name))));
  head.querySelectorAll('th').forEach((cell) => cell.setAttribute('scope', 'col'));
  const rows = items.map(away).map((one) => within(el('tr'), el('td', one.where), el('td', one.who), el('td', one.cover)));
  return [within(el('table'), within(el('thead'), head), within(el('tbody'), ...rows))];
}

/** The pages one after the other: a list of leave in parts of `rows`, everything else a page an item. */
export function sheets(feed) {
  const found = [];
  for (const { kind, items } of feed.pages) {
    if (kind === 'leave') {
      for (let n = 0; n < items.length; n += feed.rows) found.push({ kind, items: items.slice(n, n + feed.rows) });
    } else for (const item of items) found.push({ kind, items: [item] });
  }
  return found;
}

export function draw(stage, sheet) {
  const parts = sheet.kind === 'leave' ? leave(sheet.items) : sheet.kind === 'promises' ? promises(sheet.items[0]) : told(sheet.items[0]);
  const section = within(el('section'), el('h2', word(sheet.kind)), ...parts);
  section.dataset.kind = sheet.kind;
  stage.replaceChildren(section);
}

export function say(stage, text) {
  if (stage.firstElementChild && stage.firstElementChild.className === 'say' && stage.textContent === text) return;
  stage.replaceChildren(el('p', text, 'say'));
}
