// Resampling of 8-bit RGB with the same bits as Pillow, so that the input of a network is the same in the pipeline.
//
// Each output pixel is a weighted sum of neighbours, along rows and then along columns or in reverse order, rounded to 8
// bits after each direction. The weights are whole numbers, in units of 2^-22. A picture arrives in stripes of rows, and
// only the sums are kept.

const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

// The cubic kernel of Keys (1981) with a = -1/2.
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

// For each of `side` output pixels, the input pixels between `from` and `to` that it sums, and their weights.
function taps(size, from, to, side, filter) {
  if (filter === "nearest") return nearest(from, to, side);
  if (filter.startsWith("crop")) return cropped(size, side, filter);
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
  const result = [];
  // Repeated addition, as in Pillow, and not multiplication: the last digit decides between two pixels.
  for (let place = 0, at = from + step * 0.5; place < side; place += 1, at += step) {
    result.push({ first: Math.trunc(at), weights: Int32Array.of(1 << PRECISION) });
  }
  return result;
}

// The first pixels of the crops that a view makes along a picture's side; negative if the picture is smaller.
export function starts(size, side, view) {
  const across = view.startsWith("crops") ? Number(view.at(-1)) : 1;
  const beyond = size - side / across;
  return Array.from({ length: across }, (_, place) =>
    Math.floor(beyond <= 0 || across === 1 ? beyond / 2 : (place * beyond) / (across - 1)),
  );
}

// Crops side by side, at the picture's own resolution; beyond its edge, its mirror image.
function cropped(size, side, view) {
  const first = starts(size, side, view);
  const width = side / first.length;
  return Array.from({ length: side }, (_, place) => {
    const at = first[Math.floor(place / width)] + (place % width);
    const within = ((at % (2 * size)) + 2 * size) % (2 * size);
    return { first: within < size ? within : 2 * size - 1 - within, weights: Int32Array.of(1 << PRECISION) };
  });
}

// The order of the directions changes the rounding. Pillow begins with the columns if they shrink the most.
const columnsFirst = (width, height, side) => height > side && height - side > 2 * (width - side);

export class Resampler {
  // `box` is the part of the picture to resample: left, top, right, bottom, in pixels.
  constructor(width, height, side, filter, box = [0, 0, width, height]) {
    const [left, top, right, bottom] = box.map(Math.fround);
    this.width = width;
    this.side = side;
    this.along = taps(width, left, right, side, filter);
    this.down = taps(height, top, bottom, side, filter);
    this.narrowsLast = columnsFirst(width, height, side);
    this.length = (this.narrowsLast ? width : side) * 3;
    this.sums = new Int32Array(side * this.length).fill(HALF);
  }

  // Resamples one row of pixels, each of `step` values, to the width of the output.
  narrow(pixels, start, step, result, to) {
    for (const { first, weights } of this.along) {
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let tap = 0, at = start + first * step; tap < weights.length; tap += 1, at += step) {
        const weight = weights[tap];
        red += pixels[at] * weight;
        green += pixels[at + 1] * weight;
        blue += pixels[at + 2] * weight;
      }
      result[to] = red >> PRECISION;
      result[to + 1] = green >> PRECISION;
      result[to + 2] = blue >> PRECISION;
      to += 3;
    }
  }

  // Adds whole rows from `top` on, in RGBA; alpha is ignored.
  push(top, pixels) {
    const { width, length, sums, down } = this;
    const line = new Uint8ClampedArray(length);
    for (let row = top, start = 0; start < pixels.length; row += 1, start += width * 4) {
      const places = [...down.keys()].filter((place) => {
        const { first, weights } = down[place];
        return first <= row && row < first + weights.length;
      });
      if (!places.length) continue;
      if (this.narrowsLast) {
        for (let value = 0, at = start; value < length; value += 3, at += 4) {
          line[value] = pixels[at];
          line[value + 1] = pixels[at + 1];
          line[value + 2] = pixels[at + 2];
        }
      } else {
        this.narrow(pixels, start, 4, line, 0);
      }
      for (const place of places) {
        const weight = down[place].weights[row - down[place].first];
        for (let value = 0, to = place * length; value < length; value += 1, to += 1) sums[to] += line[value] * weight;
      }
    }
  }

  // The result, RGB of side × side, after all rows have been pushed.
  finish() {
    const rounded = Uint8ClampedArray.from(this.sums, (sum) => sum >> PRECISION);
    if (!this.narrowsLast) return rounded;
    const result = new Uint8ClampedArray(this.side * this.side * 3);
    for (let row = 0; row < this.side; row += 1) this.narrow(rounded, row * this.length, 3, result, row * this.side * 3);
    return result;
  }
}

// The largest square in the middle.
export function middle(width, height) {
  const side = Math.min(width, height);
  const [left, top] = [(width - side) * 0.5, (height - side) * 0.5];
  return [left, top, left + side, top + side];
}
