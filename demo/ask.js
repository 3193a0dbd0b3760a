// Sends requests to the worker that holds the picture and the networks. Each message has one reply.

import { guardedWorker } from "./guarded.js";

const worker = guardedWorker(new URL("./worker.js", import.meta.url));
const waiting = new Map();
let next = 0;
let broken = null;

worker.onmessage = ({ data: { id, result, error } }) => {
  if (broken) return;
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(result);
  else reject(new Error(error));
};

// If a file of the worker is missing, the browser does not say which.
worker.onerror = worker.onmessageerror = () => {
  broken = new Error(
    "The part of the page that computes did not load, or has failed: reload the page, " +
      "or see that all its files are on the server.",
  );
  for (const { reject } of waiting.values()) reject(broken);
  waiting.clear();
};

export function ask(kind, given) {
  if (broken) return Promise.reject(broken);
  return new Promise((resolve, reject) => {
    next += 1;
    waiting.set(next, { resolve, reject });
    worker.postMessage({ id: next, kind, ...given });
  });
}
