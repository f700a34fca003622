// Stills of the browser's camera for the form around it. Without it, or without a camera, photographs are given as files.
// Each still is looked at by the server, which keeps none; those that are good lie in the form's own file input.
function setUp(box) {
  const form = box.closest('form');
  const input = form.querySelector('input[type=file]');
  const video = box.querySelector('video');
  const told = box.querySelector('.told');
  const shots = box.querySelector('.shots');
  const most = Number(box.dataset.most);
  const button = (name) => box.querySelector(`[data-do=${name}]`);
  let taken = [];
  let stream = null;

  function show() {
    const files = new DataTransfer();
    taken.forEach((one) => files.items.add(one.file));
    input.files = files.files;
    shots.replaceChildren(...taken.map((one, n) => {
      const row = document.createElement('li');
      const picture = document.createElement('img');
      picture.src = one.address;
      picture.alt = `${box.dataset.shot} ${n + 1}`;
      row.append(picture);
      return row;
    }));
    button('shoot').disabled = taken.length >= most;
    button('again').hidden = taken.length === 0;
    box.dataset.taken = taken.length;
  }

  async function start() {
    if (!navigator.mediaDevices) {
      told.textContent = box.dataset.insecure;
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
    } catch {
      told.textContent = box.dataset.none;
      return;
    }
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    button('start').hidden = true;
    button('shoot').hidden = false;
    button('shoot').focus();
  }

  function still() {
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d').drawImage(video, 0, 0);
    return new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.92));
  }

  async function shoot() {
    button('shoot').disabled = true;
    told.textContent = box.dataset.wait;
    box.dataset.state = 'looking';
    const blob = await still();
    const body = new FormData();
    body.append('csrf', form.querySelector('[name=csrf]').value);
    body.append('photos', blob, 'still.jpg');
    let faults = [box.dataset.lost];
    try {
      const answer = await fetch(box.dataset.look, { method: 'POST', body });
      const said = await answer.json();
      faults = said.faults || [said.detail];
    } catch { /* nobody answered: told as such */ }
    if (faults.length === 0) {
      const file = new File([blob], `still-${taken.length + 1}.jpg`, { type: 'image/jpeg' });
      taken.push({ file, address: URL.createObjectURL(blob) });
    }
    told.textContent = faults.length ? faults.join(' ') : box.dataset.good;
    box.dataset.state = faults.length ? 'wrong' : 'good';
    show();
  }

  function again() {
    taken.forEach((one) => URL.revokeObjectURL(one.address));
    taken = [];
    told.textContent = '';
    show();
  }

  button('start').addEventListener('click', start);
  button('shoot').addEventListener('click', shoot);
  button('again').addEventListener('click', again);
  window.addEventListener('pagehide', () => { if (stream) stream.getTracks().forEach((track) => track.stop()); });
  box.hidden = false;
}

document.querySelectorAll('[data-camera]').forEach(setUp);
