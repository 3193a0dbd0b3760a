// The worker that holds the picture and the networks, asked by messages that each have one answer.

import { guardedWorker } from "./guarded.js";

const worker = guardedWorker(new URL("./worker.js", import.meta.url));
const waiting = new Map();
let next = 0;

worker.onmessage = ({ data: { id, found, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(found);
  else reject(new Error(error));
};

export function ask(kind, given) {
  return new Promise((resolve, reject) => {
    next += 1;
    waiting.set(next, { resolve, reject });
    worker.postMessage({ id: next, kind, ...given });
  });
}
