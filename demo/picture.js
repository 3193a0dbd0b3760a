// From a picture file to what the networks take, as the pipeline does it: upright, over white, harmonised, resized.

import { middle, Resampler } from "./resample.js";

// Pixels that are read at once, whatever the picture's size.
const STRIPE = 1 << 20;
const PREVIEW = 1024;

// Decodes the first frame, without any of the browser's corrections of colour.
export async function decode(file) {
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
  try {
    return await createImageBitmap(file, options);
  } catch {
    throw new Error(`${file.name || "This"} is not a picture this browser can open.`);
  }
}

function canvas(width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "white";
  return context;
}

// The picture for the eye, at most 1024 pixels a side.
export function preview(bitmap) {
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = canvas(width, height);
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return context.canvas.transferToImageBitmap();
}

// Gives all rows of a picture to each resampler.
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

// The square of a collection whose pictures are all made alike in size and encoding; JPEG as this browser writes it.
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

// What tells two networks' inputs apart.
export const inputKey = (facts) => `${facts.image_size} ${facts.resize}`;

// Each input that the networks of these facts take of a picture, by its key: RGB, side × side. All networks of a run
// are of one collection, and so harmonise alike.
export async function inputs(bitmap, facts) {
  const wanted = new Map(facts.map((of) => [inputKey(of), { side: of.image_size, resize: of.resize }]));
  const { harmonise } = facts[0];
  const seen = harmonise ? await harmonised(bitmap, harmonise) : bitmap;
  const found = resized(seen, [...wanted.values()]);
  if (harmonise) seen.close();
  return new Map([...wanted.keys()].map((key, place) => [key, found[place]]));
}
