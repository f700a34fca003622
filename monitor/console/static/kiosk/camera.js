// The camera: opened for an attempt, closed after it, so that its light tells when it looks.
import { word } from './words.js';

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.8;

export class NoCamera extends Error {}

/** A browser gives a camera, and this page takes a PIN, only where nobody on the way can listen. */
export function insecure() {
  const address = document.body.dataset.https;
  return address ? word('insecure', { address }) : word('insecure_nowhere');
}

/** Why there is no camera, for a person. */
function reason(error) {
  if (!window.isSecureContext || !navigator.mediaDevices) return insecure();
  if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return word('camera.refused');
  if (error.name === 'NotReadableError' || error.name === 'AbortError') return word('camera.busy');
  return word('camera.none');
}

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement('canvas');
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
  }

  async open() {
    try {
      if (!navigator.mediaDevices) throw new Error('no media devices');
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, facingMode: 'user' },
      });
    } catch (error) {
      throw new NoCamera(reason(error));
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  get lost() {
    return !this.stream || this.stream.getVideoTracks().every((track) => track.readyState === 'ended');
  }

  /** The present picture as JPEG, cut to 4:3, not mirrored. */
  shoot() {
    const { videoWidth: w, videoHeight: h } = this.video;
    const scale = Math.max(WIDTH / w, HEIGHT / h);
    const context = this.canvas.getContext('2d');
    context.drawImage(this.video, (WIDTH - w * scale) / 2, (HEIGHT - h * scale) / 2, w * scale, h * scale);
    return new Promise((resolve) => this.canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  }

  close() {
    if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}

/** A picture as text, for what is kept. */
export function asBase64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
