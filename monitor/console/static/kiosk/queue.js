// Check-ins that wait for the network: sealed in IndexedDB with a key that this browser gives to no script, so that PINs
// and pictures do not lie in its files as they are. It is no safe: the key lies in the same profile, and whoever copies
// that whole, or runs scripts in this page, can open them.
const NAME = 'jiancha-kiosk';

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Written down, not only taken: a full disk shows at the end of the transaction. */
function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
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
      const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      // Added, never put over another: of two pages that begin at once, the first one's key is that of both.
      await done(queue.store('keys', 'readwrite').add(made, 'seal')).catch(() => null);
      queue.key = await done(queue.store('keys').get('seal'));
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
    const store = this.store('waiting', 'readwrite');
    store.add({ iv, sealed });
    await committed(store.transaction);
    this.count += 1;
  }

  /** [number, item] of the oldest behind `number`; null where none waits. An item that cannot be opened is null. */
  async after(number) {
    const cursor = await done(this.store('waiting').openCursor(IDBKeyRange.lowerBound(number, true)));
    if (!cursor) return null;
    const { iv, sealed } = cursor.value;
    const place = cursor.key;
    try {
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, this.key, sealed);
      return [place, JSON.parse(new TextDecoder().decode(plain))];
    } catch (error) {
      return [place, null];
    }
  }

  async remove(number) {
    await done(this.store('waiting', 'readwrite').delete(number));
    this.count -= 1;
  }
}
