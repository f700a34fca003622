// The server. Three ways to end: an answer, Refused (the server said no), Away (nobody knows).
const WORDS = JSON.parse(document.getElementById('words').textContent);
const TIMEOUT = 8000;

export class Away extends Error {}

export class Refused extends Error {
  constructor(status, body) {
    super(body.detail || String(status));
    this.status = status;
    this.code = body.code || '';
  }
}

/** The text of a name; without one, the name of the fault that nobody foresaw. */
export const word = (name) => WORDS[name] || WORDS.fault;

export async function post(path, body, token) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  const headers = { 'Content-Type': 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response, answer;
  try {
    response = await fetch(`/rate/api/${path}`, {
      method: 'POST', body: JSON.stringify(body), headers, signal: stop.signal, cache: 'no-store', credentials: 'omit',
    });
    answer = await response.json();
  } catch (error) {
    throw new Away(String(error));
  } finally {
    clearTimeout(timer);
  }
  if (response.status >= 500) throw new Away(String(response.status));
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}
