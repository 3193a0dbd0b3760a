// Turns a picture file into inputs of the networks, as the pipeline does: upright, on white, harmonised and resized.

import { middle, Resampler } from "./resample.js";

// The number of pixels that are read at once, for pictures of any size.
const STRIPE = 1 << 20;
const PREVIEW = 1024;

// Decodes the first frame, without the colour corrections of the browser.
export async function decode(file) {
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
  try {
    return await createImageBitmap(file, options);
  } catch {
    throw new Error(`${file.name || "This"} is not a picture that this browser can open. If it is one, save it as PNG or JPEG.`);
  }
}

function canvas(width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "white";
  return context;
}

// The picture for display, at most 1024 pixels a side.
export function preview(bitmap) {
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = canvas(width, height);
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return context.canvas.transferToImageBitmap();
}

// Passes all rows of a picture to each resampler.
function read(bitmap, resamplers) {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.max(1, Math.floor(STRIPE / width)));
  const context = canvas(width, rows);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.fillRect(0, 0, width, count);
    context.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
    const { data } = context.getImageData(0, 0, width, count);
    for (const resampler of resamplers) resampler.push(top, data);
  }
}

function resized(bitmap, sizes) {
  const resamplers = sizes.map(({ side, resize, box }) => new Resampler(bitmap.width, bitmap.height, side, resize, box));
  read(bitmap, resamplers);
  return resamplers.map((resampler) => resampler.finish());
}

// The harmonised picture: a square of the same size and encoding for all pictures. This browser writes the JPEG, so its
// bytes differ from those of the pipeline.
export async function harmonised(bitmap, { side, resize, format, quality }) {
  const [pixels] = resized(bitmap, [{ side, resize, box: middle(bitmap.width, bitmap.height) }]);
  const context = canvas(side, side);
  const image = context.createImageData(side, side);
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    image.data.set(pixels.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    image.data[pixel * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  if (format === "png") return createImageBitmap(context.canvas);
  return decode(await context.canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 }));
}

// The key of a network's input: networks with the same key take the same input.
export const inputKey = (facts) => `${facts.image_size} ${facts.resize}`;

// The inputs of a picture for the networks that `facts` describe, by key: RGB, side × side. All networks of a run have
// the same collection and therefore harmonise alike.
export async function inputs(bitmap, facts) {
  const wanted = new Map(facts.map((of) => [inputKey(of), { side: of.image_size, resize: of.resize }]));
  const { harmonise } = facts[0];
  const seen = harmonise ? await harmonised(bitmap, harmonise) : bitmap;
  const images = resized(seen, [...wanted.values()]);
  if (harmonise) seen.close();
  return new Map([...wanted.keys()].map((key, place) => [key, images[place]]));
}
