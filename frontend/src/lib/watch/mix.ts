import type { Job } from '../api/types';

/** The painting laid over the photo, as a PNG of the result's size. */
export async function mixed(job: Job, painting: string, opacity: number): Promise<Blob> {
  const [below, above] = await Promise.all([decoded(job.links.content), decoded(painting)]);
  const canvas = document.createElement('canvas');
  canvas.width = job.width;
  canvas.height = job.height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no pictures');
  context.drawImage(below, 0, 0, job.width, job.height);
  context.globalAlpha = opacity;
  context.drawImage(above, 0, 0, job.width, job.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the canvas is too large'))));
  });
}

async function decoded(address: string): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}
