// A worker loaded from an address is not bound by the page's content security policy; one made from a blob inherits it.

const { Worker } = globalThis;

export function guardedWorker(address, options = {}) {
  const source = new Blob([`import ${JSON.stringify(String(address))};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(source), { ...options, type: "module" });
}
