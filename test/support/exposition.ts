/** Reads what Prometheus reads, as a strict reader has it. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The grammar of the text format, as a strict reader has it: each family has HELP and TYPE before its samples, names and labels are
 * well formed, no sample comes twice, and a histogram's buckets rise up to its count.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
export function parseExposition(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = "";
  let help = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, word, name = "", rest = ""] = comment;
      if (word === "HELP") {
        if (families.has(name) || !/^(?:[^\\]|\\[\\n])*$/.test(rest)) throw new Error(`bad help: ${line}`);
        help = name;
      } else {
        if (help !== name || !/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`bad type: ${line}`);
        families.set(name, rest);
        current = name;
      }
      continue;
    }
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name = "", labelText = "", value = ""] = match;
    const type = families.get(current);
    const names = type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => current + end) : [current];
    if (!names.includes(name)) throw new Error(`outside of its family: ${line}`);
    if (type === "counter" && !name.endsWith("_total")) throw new Error(`a counter's name ends in _total: ${line}`);
    const key = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    samples.push({ name, labels: parseLabels(labelText), value: Number(value.replace("Inf", "Infinity")) });
  }
  for (const [name, type] of families) if (type === "histogram") checkBuckets(name, samples);
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pattern = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`not labels: ${text.slice(at)}`);
    const [, name = "", value = ""] = match;
    if (name in labels) throw new Error(`a label twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_all, one: string) => (one === "n" ? "\n" : one));
  }
  return labels;
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
  const counts = buckets.map(({ value }) => value);
  const rises = (values: readonly number[]) => values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
  if (!rises(bounds) || !rises(counts) || bounds.at(-1) !== Infinity) throw new Error(`${name}: buckets do not rise`);
  if (counts.at(-1) !== samples.find((sample) => sample.name === `${name}_count`)?.value)
    throw new Error(`${name}: the last bucket is not the count`);
}
