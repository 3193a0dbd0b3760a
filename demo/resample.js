// Resampling of 8-bit RGB as Pillow does it, equal to the bit: a network's input must not depend on who resized it.
//
// Each output pixel is a weighted sum of neighbours, first along rows, then along columns, rounded to 8 bits after
// each. The weights are whole numbers, in units of 2^-22. A picture is taken in stripes, so that only as many rows of
// the output's width are held as the picture is high.

const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

// Keys' cubic with a = -1/2.
function cubic(x) {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

const FILTERS = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

// For each of `side` output pixels, which input pixels between `from` and `to` it takes, and how much of each.
function taps(size, from, to, side, filter) {
  if (filter === "nearest") return nearest(from, to, side);
  if (from === 0 && to === size && side === size) return nearest(0, size, size);
  const { support, weight } = FILTERS[filter];
  const scale = (to - from) / side;
  const widened = Math.max(1, scale);
  const reach = support * widened;
  return Array.from({ length: side }, (_, place) => {
    const centre = from + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(size, Math.trunc(centre + reach + 0.5));
    const inverse = 1 / widened;
    const shares = [];
    let sum = 0;
    for (let pixel = first; pixel < end; pixel += 1) {
      const share = weight((pixel - centre + 0.5) * inverse);
      shares.push(share);
      sum += share;
    }
    const whole = shares.map((share) => (sum === 0 ? share : share / sum) * (1 << PRECISION));
    return { first, weights: Int32Array.from(whole, (value) => Math.trunc(value + (value < 0 ? -0.5 : 0.5))) };
  });
}

function nearest(from, to, side) {
  const step = (to - from) / side;
  const found = [];
  // Added up rather than multiplied, as Pillow does: the last digit decides between two pixels.
  for (let place = 0, at = from + step * 0.5; place < side; place += 1, at += step) {
    found.push({ first: Math.trunc(at), weights: Int32Array.of(1 << PRECISION) });
  }
  return found;
}

export class Resampler {
  // `box` is the part of the picture that is taken: left, top, right, bottom, in pixels.
  constructor(width, height, side, filter, box = [0, 0, width, height]) {
    const [left, top, right, bottom] = box.map(Math.fround);
    this.width = width;
    this.side = side;
    this.columns = taps(width, left, right, side, filter);
    this.rows = taps(height, top, bottom, side, filter);
    this.narrowed = new Uint8ClampedArray(height * side * 3);
  }

  // Takes whole rows from `top` on, as RGBA; alpha is not looked at.
  push(top, pixels) {
    const { width, side, columns, narrowed } = this;
    for (let row = 0, to = top * side * 3; row * width * 4 < pixels.length; row += 1) {
      for (let place = 0; place < side; place += 1, to += 3) {
        const { first, weights } = columns[place];
        let [red, green, blue] = [HALF, HALF, HALF];
        for (let tap = 0, at = (row * width + first) * 4; tap < weights.length; tap += 1, at += 4) {
          const weight = weights[tap];
          red += pixels[at] * weight;
          green += pixels[at + 1] * weight;
          blue += pixels[at + 2] * weight;
        }
        narrowed[to] = red >> PRECISION;
        narrowed[to + 1] = green >> PRECISION;
        narrowed[to + 2] = blue >> PRECISION;
      }
    }
  }

  // RGB of side × side, when all rows have been pushed.
  finish() {
    const { side, rows, narrowed } = this;
    const found = new Uint8ClampedArray(side * side * 3);
    const length = side * 3;
    for (let place = 0, to = 0; place < side; place += 1) {
      const { first, weights } = rows[place];
      for (let value = 0; value < length; value += 1, to += 1) {
        let sum = HALF;
        for (let tap = 0, at = first * length + value; tap < weights.length; tap += 1, at += length) {
          sum += narrowed[at] * weights[tap];
        }
        found[to] = sum >> PRECISION;
      }
    }
    return found;
  }
}

// The square that is cut from the middle, as large as it fits in.
export function middle(width, height) {
  const side = Math.min(width, height);
  const [left, top] = [(width - side) * 0.5, (height - side) * 0.5];
  return [left, top, left + side, top + side];
}
