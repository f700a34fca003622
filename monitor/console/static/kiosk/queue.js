// Check-ins that wait for the network: sealed in IndexedDB with a key that this browser never gives out, so that copying
// its files shows neither PINs nor pictures. Whoever can run scripts in this page could still ask for them.
const NAME = 'jiancha-kiosk';

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('keys');
    request.result.createObjectStore('waiting', { autoIncrement: true });
  };
  return done(request);
}

export class Queue {
  static async open() {
    const queue = new Queue();
    queue.db = await open();
    const found = await done(queue.store('keys').get('seal'));
    if (found) {
      queue.key = found;
    } else {
      queue.key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      await done(queue.store('keys', 'readwrite').put(queue.key, 'seal'));
    }
    queue.count = await done(queue.store('waiting').count());
    return queue;
  }

  store(name, mode = 'readonly') {
    return this.db.transaction(name, mode).objectStore(name);
  }

  async put(item) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(item));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.key, plain);
    await done(this.store('waiting', 'readwrite').add({ iv, sealed }));
    this.count += 1;
  }

  /** [number, item] of the oldest; null where none waits. */
  async first() {
    const cursor = await done(this.store('waiting').openCursor());
    if (!cursor) return null;
    const { iv, sealed } = cursor.value;
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, this.key, sealed);
    return [cursor.key, JSON.parse(new TextDecoder().decode(plain))];
  }

  async remove(number) {
    await done(this.store('waiting', 'readwrite').delete(number));
    this.count -= 1;
  }
}
