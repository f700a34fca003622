// A try by face while the network is away: nobody can say who it is now, so pictures of a fixed course are kept and
// judged later: at rest, turned to a side that the page draws, straight again. Half a second apart, for a head that was out
// of sight for longer could be another.
import { asBase64 } from './camera.js';

const STEP_MS = 500;
const COURSE = [['rest', 4], ['turned', 6], ['straight', 5]];

/** {actions, frames}; `ask(action)` shows what to do: an action, `straight`, or null for looking into the camera. */
export async function film(camera, ask, goesOn) {
  const action = Math.random() < 0.5 ? 'turn_left' : 'turn_right';
  const frames = [];
  let due = Date.now();
  for (const [phase, count] of COURSE) {
    ask({ rest: null, turned: action, straight: 'straight' }[phase]);
    for (let n = 0; n < count; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
      if (!goesOn() || camera.lost) return null;
      const at = new Date().toISOString();
      frames.push({ at, jpeg: await asBase64(await camera.shoot()) });
      due += STEP_MS;
    }
  }
  return { actions: [action], frames };
}
