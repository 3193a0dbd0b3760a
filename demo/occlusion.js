// Occlusion maps (Zeiler and Fergus, 2014): where hiding a part of a picture changes the answer. Computed as in
// brushprint.saliency.occlusion.

// Settings are given in pixels of a picture with this side.
export const SIDE = 128;
const GREY = 127.5;

// Rounds halves to the even neighbour, as Python does.
function round(value) {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

// Converts pixels of a picture with 128 a side to pixels of one with `side`.
export const scaled = (pixels, side) => Math.max(1, round((pixels * side) / SIDE));

// The number of positions of the patch along a side. At the last one, the patch reaches the end or is cut by it.
export const steps = (side, patch, stride) => Math.ceil((side - patch) / stride) + 1;

// Positions [row * count + column] in three passes: every fourth along each side, then every second, then the others.
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

// A copy of the picture for each position, RGB of side × side as float32, with a grey patch at that position.
export function covered(pixels, side, count, patch, stride, places) {
  const length = side * side * 3;
  const result = new Float32Array(length * places.length);
  places.forEach((place, index) => {
    const offset = index * length;
    result.set(pixels, offset);
    const [top, left] = [Math.floor(place / count) * stride, (place % count) * stride];
    const [bottom, right] = [Math.min(side, top + patch), Math.min(side, left + patch)];
    for (let row = top; row < bottom; row += 1) {
      result.fill(GREY, offset + (row * side + left) * 3, offset + (row * side + right) * 3);
    }
  });
  return result;
}

// Fills `drops` after a pass that tried only every `pace`-th position: the others take the value of the one before.
export function filled(drops, count, pace) {
  return drops.map((_, place) => {
    const [row, column] = [Math.floor(place / count), place % count];
    return drops[(row - (row % pace)) * count + (column - (column % pace))];
  });
}

// For each pixel, the mean of `drops` over all patches that cover it: float32, side × side.
export function asMap(drops, side, patch, stride) {
  const count = steps(side, patch, stride);
  const on = Array.from({ length: side }, (_, pixel) => {
    const places = [];
    for (let place = 0; place < count; place += 1) {
      if (place * stride <= pixel && pixel < place * stride + patch) places.push(place);
    }
    return places;
  });
  const result = new Float32Array(side * side);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      let sum = 0;
      for (const down of on[row]) for (const along of on[column]) sum += drops[down * count + along];
      result[row * side + column] = sum / (on[row].length * on[column].length);
    }
  }
  return result;
}

// The colours of ColorBrewer's PuOr, purple to orange.
const COLOURS = ["2d004b", "542788", "8073ac", "b2abd2", "d8daeb", "f7f7f7", "fee0b6", "fdb863", "e08214", "b35806", "7f3b08"]
  .map((colour) => [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16)));
// Maps with a smaller largest change are drawn pale.
const FAINTEST = 0.02;

// The colours of a map, RGBA, relative to its largest change: orange if hiding made the network less confident, purple
// if more confident.
export function coloured(map) {
  const limit = map.reduce((most, value) => Math.max(most, Math.abs(value)), FAINTEST);
  const result = new Uint8ClampedArray(map.length * 4);
  map.forEach((value, pixel) => {
    const at = (0.5 + value / (2 * limit)) * (COLOURS.length - 1);
    const below = Math.min(COLOURS.length - 2, Math.floor(at));
    const mixed = COLOURS[below].map((from, channel) => from + (at - below) * (COLOURS[below + 1][channel] - from));
    result.set([...mixed, 255], pixel * 4);
  });
  return result;
}
