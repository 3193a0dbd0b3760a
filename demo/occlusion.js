// Where hiding a part of a picture changes the answer (Zeiler and Fergus, 2014), as brushprint.saliency.occlusion computes it.

// The side of the pictures that settings are said in.
export const SIDE = 128;
const GREY = 127.5;

// Halves go to the even neighbour, as in Python.
function round(value) {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

// So many pixels of a picture of 128 a side, in one of `side`.
export const scaled = (pixels, side) => Math.max(1, round((pixels * side) / SIDE));

// Places of the patch along a side; the last reaches the end, or beyond it, where the patch is cut.
export const steps = (side, patch, stride) => Math.ceil((side - patch) / stride) + 1;

// Places [row * count + column], in three passes: every fourth of a side, then every second, then all that are left.
export function passes(count) {
  const seen = new Set();
  return [4, 2, 1].map((pace) => {
    const places = [];
    for (let row = 0; row < count; row += pace) {
      for (let column = 0; column < count; column += pace) {
        const place = row * count + column;
        if (!seen.has(place)) places.push(place);
        seen.add(place);
      }
    }
    return { pace, places };
  });
}

// RGB of side × side as float32, once for each place, each with the patch at that place grey.
export function covered(pixels, side, count, patch, stride, places) {
  const length = side * side * 3;
  const found = new Float32Array(length * places.length);
  places.forEach((place, index) => {
    const offset = index * length;
    found.set(pixels, offset);
    const [top, left] = [Math.floor(place / count) * stride, (place % count) * stride];
    const [bottom, right] = [Math.min(side, top + patch), Math.min(side, left + patch)];
    for (let row = top; row < bottom; row += 1) {
      found.fill(GREY, offset + (row * side + left) * 3, offset + (row * side + right) * 3);
    }
  });
  return found;
}

// `drops` of every place, where only every so many-th was tried: the others take the value of one tried before them.
export function filled(drops, count, pace) {
  return drops.map((_, place) => {
    const [row, column] = [Math.floor(place / count), place % count];
    return drops[(row - (row % pace)) * count + (column - (column % pace))];
  });
}

// The mean of `drops` over all patches on a pixel: float32, side × side.
export function asMap(drops, side, patch, stride) {
  const count = steps(side, patch, stride);
  const on = Array.from({ length: side }, (_, pixel) => {
    const places = [];
    for (let place = 0; place < count; place += 1) {
      if (place * stride <= pixel && pixel < place * stride + patch) places.push(place);
    }
    return places;
  });
  const found = new Float32Array(side * side);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      let sum = 0;
      for (const down of on[row]) for (const along of on[column]) sum += drops[down * count + along];
      found[row * side + column] = sum / (on[row].length * on[column].length);
    }
  }
  return found;
}

// ColorBrewer's PuOr, purple to orange.
const COLOURS = ["2d004b", "542788", "8073ac", "b2abd2", "d8daeb", "f7f7f7", "fee0b6", "fdb863", "e08214", "b35806", "7f3b08"]
  .map((colour) => [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16)));
// A map whose largest change is less than this is drawn pale.
const FAINTEST = 0.02;

// A map as RGBA: orange where hiding made the network less sure, purple where surer, against the largest change.
export function coloured(map) {
  const limit = map.reduce((most, value) => Math.max(most, Math.abs(value)), FAINTEST);
  const found = new Uint8ClampedArray(map.length * 4);
  map.forEach((value, pixel) => {
    const at = (0.5 + value / (2 * limit)) * (COLOURS.length - 1);
    const below = Math.min(COLOURS.length - 2, Math.floor(at));
    const mixed = COLOURS[below].map((from, channel) => from + (at - below) * (COLOURS[below + 1][channel] - from));
    found.set([...mixed, 255], pixel * 4);
  });
  return found;
}
