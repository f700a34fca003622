// The server. Three ways to end: an answer, Refused (the server said no), Away (nobody knows).
const TIMEOUT = 10000;

export class Away extends Error {}
export class Refused extends Error {}

export async function ask(token, version) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  let response, answer;
  try {
    response = await fetch(`/screen/api/feed?shows=${encodeURIComponent(version)}`, {
      headers: { Authorization: `Bearer ${token}` }, signal: stop.signal, cache: 'no-store', credentials: 'omit',
    });
    answer = await response.json();
  } catch (error) {
    throw new Away(String(error));
  } finally {
    clearTimeout(timer);
  }
  if (response.status === 401 || response.status === 403) throw new Refused(String(response.status));
  if (!response.ok) throw new Away(String(response.status));
  return answer;
}
