// From the numbers of a network to an answer in words, computed as in brushprint.predict.answer and
// brushprint.evaluation.thresholds.

export function softmax(logits) {
  const most = Math.max(...logits);
  const grown = logits.map((logit) => Math.exp(logit - most));
  const sum = grown.reduce((one, other) => one + other);
  return grown.map((value) => value / sum);
}

// The probabilities of the classes of each value added up, the largest first: [value, probability].
export function added(probabilities, values) {
  const sums = new Map();
  values.forEach((value, index) => sums.set(value, (sums.get(value) ?? 0) + probabilities[index]));
  return [...sums].sort(([, one], [, other]) => other - one);
}

export const probabilityOfAi = (probabilities, { parts }) =>
  added(probabilities, parts.origin).find(([origin]) => origin === "ai")?.[1] ?? 0;

export function verdict(ai, { low, high }) {
  if (high !== null && ai > high) return "ai";
  return low !== null && ai < low ? "human" : "unsure";
}

const TAKEN = { ai: "AI", human: "human work" };

export const inWords = (said) => (said === "unsure" ? "Unsure" : `Calls it ${TAKEN[said]}`);

// The joint answer of several networks. All must agree, so that together they do not accuse more people falsely than one
// of them alone.
export function together(verdicts) {
  const [first] = verdicts;
  const [they, call] = verdicts.length > 1 ? ["the networks", "call"] : ["the network", "calls"];
  if (first !== "unsure" && verdicts.every((said) => said === first)) {
    return { said: first, words: `${they.replace("t", "T")} ${call} this ${TAKEN[first]}.` };
  }
  const apart = verdicts.includes("ai") && verdicts.includes("human");
  const why = apart ? "contradict each other" : "cannot tell whether this is AI or human work";
  return { said: "unsure", words: `Unsure: ${they} ${why}.` };
}

export const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
export const plain = (name) => name.replaceAll("_", " ").replace(/^ai\b/, "AI");
