// A worker from a blob inherits the content security policy of the page; a worker from an address does not.

const { Worker } = globalThis;

export function guardedWorker(address, options = {}) {
  const source = new Blob([`import ${JSON.stringify(String(address))};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(source), { ...options, type: "module" });
}
