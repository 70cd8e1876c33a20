/** A picture turned the way its camera was held; every browser's own decoder. */
export interface Decoded {
  readonly source: CanvasImageSource;
  readonly width: number;
  readonly height: number;
  /** Give its memory back. */
  close(): void;
}

/** @throws where it cannot be decoded. */
export async function decode(file: Blob): Promise<Decoded> {
  if (typeof createImageBitmap === 'function') {
    try {
      const bitmap = await createImageBitmap(file);
      return { source: bitmap, width: bitmap.width, height: bitmap.height, close: () => bitmap.close() };
    } catch {
      // Some browsers decode by an element what they refuse here.
    }
  }
  return decodeByElement(file);
}

function decodeByElement(file: Blob): Promise<Decoded> {
  const url = URL.createObjectURL(file);
  return new Promise((resolve, reject) => {
    const image = new Image();
    const close = (): void => URL.revokeObjectURL(url);
    image.onload = () =>
      resolve({ source: image, width: image.naturalWidth, height: image.naturalHeight, close });
    image.onerror = () => {
      close();
      reject(new Error('It cannot be decoded.'));
    };
    image.src = url;
  });
}
