// A pad for fingers under a field; the field itself takes a keyboard, and a card reader that types and sends Enter.
const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz-_'.split('');

function key(label, press, { className = '', spoken = label } = {}) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = label;
  button.className = className;
  button.setAttribute('aria-label', spoken);
  button.addEventListener('click', press);
  return button;
}

export function buildPad(box, names) {
  const field = document.getElementById(box.dataset.for);
  // The field keeps the focus: Enter on a keyboard would press the last key of the pad once more.
  box.addEventListener('mousedown', (event) => event.preventDefault());
  const withLetters = box.dataset.for === 'number';
  const type = (text) => () => { field.value += text; field.dispatchEvent(new Event('input')); };
  const erase = () => { field.value = field.value.slice(0, -1); };
  function show(letters) {
    box.classList.toggle('letters', letters);
    const rub = key('⌫', erase, { spoken: names.erase });
    const turn = key(letters ? '123' : 'abc', () => show(!letters), { className: 'word' });
    const clear = key('C', () => { field.value = ''; }, { spoken: names.clear });
    const keys = letters
      ? [...LETTERS.map((letter) => key(letter, type(letter))), turn, rub]
      : [...DIGITS.map((digit) => key(digit, type(digit))), withLetters ? turn : clear, key('0', type('0')), rub];
    box.replaceChildren(...keys);
  }
  show(false);
}
