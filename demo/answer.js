// What the numbers of a network say in words; the same as brushprint.answer and brushprint.verdict.

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

const ALONE = {
  ai: "Takes it for AI",
  human: "Takes it for human work",
  unsure: "Unsure: cannot tell",
};
export const inWords = (said) => ALONE[said];

// All must say the same, so that together they are no more often wrong than one alone.
export function together(verdicts) {
  const many = verdicts.length > 1;
  const [they, take, tell] = many ? ["The networks", "take", "cannot tell"] : ["The network", "takes", "cannot tell"];
  const [first] = verdicts;
  if (verdicts.includes("unsure") || verdicts.some((said) => said !== first)) {
    const why = verdicts.includes("ai") && verdicts.includes("human") ? "the networks contradict each other" : `${they.toLowerCase()} ${tell} whether this is AI or human work`;
    return { said: "unsure", words: `Unsure: ${why}.` };
  }
  return { said: first, words: `${they} ${take} this for ${first === "ai" ? "AI" : "human work"}.` };
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const plain = (name) => name.replaceAll("_", " ").replace(/^ai\b/, "AI");
