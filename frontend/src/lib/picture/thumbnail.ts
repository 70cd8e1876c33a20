/** A small JPEG of a picture, for My pictures. */
import { decode } from './decode';

const QUALITY = 0.82;

/** At most `side` pixels on its long side, turned as it should be; null where this browser cannot make one. */
export async function thumbnail(picture: Blob, side = 320): Promise<Blob | null> {
  try {
    const decoded = await decode(picture);
    try {
      return await drawn(decoded.source, fitted(decoded.width, decoded.height, side));
    } finally {
      decoded.close();
    }
  } catch {
    return null;
  }
}

export function fitted(width: number, height: number, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function drawn(source: CanvasImageSource, size: { width: number; height: number }): Promise<Blob | null> {
  const canvas = Object.assign(document.createElement('canvas'), size);
  const context = canvas.getContext('2d');
  if (!context) return Promise.resolve(null);
  context.fillStyle = 'white'; // a JPEG has no transparency
  context.fillRect(0, 0, size.width, size.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, size.width, size.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
}
