// Serves a page that stands in a hall, the kiosk's or a public screen's, while the network is away. It keeps the page and
// what that is made of, never an answer of the server's. Which page it is, its scope says.
const PAGE = new URL(self.registration.scope).pathname;
const CACHE = `jiancha-${PAGE.slice(1)}-1`;
const PATIENCE = 4000;

async function fresh(request, key) {
  const cache = await caches.open(CACHE);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch(request, { signal: stop.signal });
    if (answer.ok) await cache.put(key, answer.clone());
    // 502 and the like come from a proxy before a server that is away.
    return answer.status < 500 ? answer : (await cache.match(key)) || (await cache.match(PAGE)) || answer;
  } catch (error) {
    const kept = (await cache.match(key)) || (await cache.match(PAGE));
    if (kept) return kept;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function part(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request.url, answer.clone());
  return answer;
}

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(PAGE)));
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// What the page was made of, and nothing older.
self.addEventListener('message', (event) => {
  const wanted = (event.data && event.data.keep) || [];
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const urls = wanted.map((path) => new URL(path, self.location.origin).href);
    for (const kept of await cache.keys()) {
      const path = new URL(kept.url).pathname;
      if (path.startsWith('/static/') && !urls.includes(kept.url)) await cache.delete(kept);
    }
    for (const url of urls) if (!(await cache.match(url))) await cache.add(url);
  })());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (url.pathname === PAGE) event.respondWith(fresh(event.request, PAGE + url.search));
  else if (url.pathname.startsWith('/static/')) event.respondWith(part(event.request));
});
