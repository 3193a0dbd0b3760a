// Decodes the picture and runs the networks, so that the page stays responsive. Answers its messages one by one.

import { guardedWorker } from "./guarded.js";
import { covered } from "./occlusion.js";
import { decode, inputKey, inputs, preview } from "./picture.js";
import * as wasm from "./vendor/ort.wasm.min.mjs";

const VENDOR = new URL("./vendor/", import.meta.url).href;
// The number of pictures in the speed test of the graphics card.
const TRIAL = 16;

// The runtime starts its threads as workers of its own.
self.Worker = function GuardedWorker(address, options) {
  return guardedWorker(address, options);
};

function prepare(runtime) {
  runtime.env.wasm.wasmPaths = VENDOR;
  runtime.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return runtime;
}

// A network on one back end of the runtime. It maps pictures, float32 [count, side, side, 3], to rows of logits.
class Network {
  static async load(runtime, provider, bytes, side) {
    const session = await runtime.InferenceSession.create(bytes, { executionProviders: [provider] });
    return new Network(runtime, session, side);
  }

  constructor(runtime, session, side) {
    Object.assign(this, { runtime, session, side });
  }

  async run(pictures) {
    const count = pictures.length / (this.side * this.side * 3);
    const input = new this.runtime.Tensor("float32", pictures, [count, this.side, this.side, 3]);
    const { logits, probabilities } = await this.session.run({ pictures: input });
    const rows = ({ data, dims: [, classes] }) =>
      Array.from({ length: count }, (_, row) => [...data.subarray(row * classes, (row + 1) * classes)]);
    return { logits: rows(logits), probabilities: rows(probabilities) };
  }

  async seconds() {
    const pictures = new Float32Array(TRIAL * this.side * this.side * 3);
    await this.run(pictures);
    const start = performance.now();
    await this.run(pictures);
    return (performance.now() - start) / 1000;
  }
}

const networks = new Map();
let seen = new Map();

const handlers = {
  // Replies once all files of the worker have loaded.
  start: () => true,

  // Opens a picture and prepares it for the networks that `facts` describe.
  async open({ file, facts }) {
    const bitmap = await decode(file);
    try {
      seen = await inputs(bitmap, facts);
      return { width: bitmap.width, height: bitmap.height, preview: preview(bitmap) };
    } finally {
      bitmap.close();
    }
  },

  async load({ name, bytes, facts }) {
    const network = await Network.load(prepare(wasm), "wasm", bytes, facts.image_size);
    networks.set(name, { network, facts, bytes });
    return { threads: wasm.env.wasm.numThreads };
  },

  async answer({ name }) {
    const { network, facts } = networks.get(name);
    const { logits, probabilities } = await network.run(Float32Array.from(seen.get(inputKey(facts))));
    return { logits: logits[0], probabilities: probabilities[0] };
  },

  // The logits with a patch at each of some positions.
  async hide({ name, count, patch, stride, places }) {
    const { network, facts } = networks.get(name);
    const side = facts.image_size;
    return (await network.run(covered(seen.get(inputKey(facts)), side, count, patch, stride, places))).logits;
  },

  // Moves a network to the graphics card, once, if there is one and it is faster. Replies whether it did. Meanwhile,
  // other requests are answered.
  async trial({ name }) {
    const of = networks.get(name);
    if (!of.bytes) return false;
    const { network, facts, bytes } = of;
    of.bytes = null;
    const card = await navigator.gpu?.requestAdapter();
    // A graphics card that the processor emulates would slow down WebAssembly.
    if (!card || card.info.isFallbackAdapter) return false;
    const runtime = prepare(await import("./vendor/ort.webgpu.min.mjs"));
    const rival = await Network.load(runtime, "webgpu", bytes, facts.image_size);
    const [here, there] = [await network.seconds(), await rival.seconds()];
    const [kept, left] = there < here ? [rival, network] : [network, rival];
    of.network = kept;
    await left.session.release();
    return kept === rival;
  },
};

let last = Promise.resolve();

self.onmessage = ({ data: { id, kind, ...given } }) => {
  const handle = async () => {
    try {
      self.postMessage({ id, result: await handlers[kind](given) });
    } catch (error) {
      self.postMessage({ id, error: error.message });
    }
  };
  if (kind === "trial") handle();
  else last = last.then(handle);
};
