// Tones beside the words: up for done, flat for wait, down for no. A browser gives sound only after a touch.
let audio = null;
const TUNES = { ask: [[660, 0.12]], done: [[660, 0.12], [990, 0.2]], review: [[520, 0.15], [520, 0.15]], refused: [[440, 0.18], [260, 0.3]] };

export function wakeSound() {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!audio && Context) audio = new Context();
  if (audio && audio.state === 'suspended') audio.resume();
}

export function play(name) {
  if (!audio || audio.state !== 'running') return;
  let at = audio.currentTime;
  for (const [hertz, seconds] of TUNES[name] || []) {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0.25, at);
    gain.gain.exponentialRampToValueAtTime(0.01, at + seconds);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds;
  }
}
