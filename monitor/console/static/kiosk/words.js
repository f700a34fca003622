// The texts of the page, in the language that the server gave it.
const WORDS = JSON.parse(document.getElementById('words').textContent);

export const language = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';

/** The text of a name, with {n} and the like filled in. */
export function word(name, values = {}) {
  const text = WORDS[name] || name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}
